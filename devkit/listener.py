"""One listening port for HTTP and HTTPS: the first byte of a connection tells which it is.

It owns sockets until a server takes them over; it must not know what is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine

_LOG = logging.getLogger(__name__)
_PAUSE = 0.1  # seconds
_TLS_HANDSHAKE = b"\x16"  # RFC 8446, 5.1: the content type of a ClientHello's record
_FIRST_BYTE_WITHIN = 60.0  # seconds; a client that says nothing for so long is gone


@dataclass
class Listener:
    """Accepts connections and hands them to `factory`'s protocols, with TLS where the client speaks it."""

    factory: Callable[[], asyncio.Protocol]
    tls: ssl.SSLContext | None
    _socket: socket.socket | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _transports: WeakSet[asyncio.BaseTransport] = field(default_factory=WeakSet)

    async def start(self, host: str, port: int) -> int:
        """Listen; port 0 takes a free one. Return the port."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        self._socket.listen(128)
        self._socket.settimeout(0)
        self._spawn(self._accept(self._socket))
        bound: int = self._socket.getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Stop listening; connections that were handed over are the server's to close."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()

    async def abort(self) -> None:
        """Drop the connections that the server has closed but whose clients do not answer the end of TLS."""
        for transport in list(self._transports):
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        for _ in range(2):  # a TLS transport aborts the one below it, which then closes its socket
            await asyncio.sleep(0)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError as error:  # out of descriptors, or gone before it was taken: others will come
                _LOG.warning("cannot accept a connection: %s", error)
                await asyncio.sleep(_PAUSE)
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._hand_over(connection))

    async def _hand_over(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            first = await asyncio.wait_for(_peek(connection), _FIRST_BYTE_WITHIN)
            context = self.tls if first == _TLS_HANDSHAKE else None
            if not first or (first == _TLS_HANDSHAKE and context is None):
                connection.close()
                return
            transport, _ = await loop.connect_accepted_socket(self.factory, connection, ssl=context)
            self._transports.add(transport)
        except OSError:  # the client went away, or does not trust our certificate: its own log says so
            with contextlib.suppress(OSError):
                connection.close()
        except asyncio.CancelledError:
            connection.close()
            raise


async def _peek(connection: socket.socket) -> bytes:
    """Wait for the first byte and leave it where it is."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    return connection.recv(1, socket.MSG_PEEK)
