"""The check that a loopback port is free, made before a server fails for want of it in words of its own.

It must not know who wants the port.
"""

from __future__ import annotations

import errno
import socket


class PortTaken(RuntimeError):
    """Somebody else listens on a port; the message names it and what to do."""


def is_taken(port: int) -> bool:
    """Whether somebody listens on 127.0.0.1:`port`."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still closing can be had.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return True
    return False


def refuse_taken(port: int, what: str) -> None:
    """Raise PortTaken if somebody listens on 127.0.0.1:`port`, which `what` needs."""
    if is_taken(port):
        raise PortTaken(
            f"port {port} for {what} is in use: stop what listens there (`ss -ltnp 'sport = :{port}'` names it), "
            "or choose another port (0: any free one)"
        )
