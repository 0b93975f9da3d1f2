"""The session of a running guest: what the platform puts into it until it stops, in /run and so never on the disk.

It owns the trusted local CA and the way to the host's services; it must not know what outlives a restart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.guests.qemu.channel import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devkit.guests.qemu.agent import Agent

_DIRECTORY = "/run/kiln"
_READY = f"{_DIRECTORY}/ready"
_BUNDLE = f"{_DIRECTORY}/ca-bundle.pem"
_SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_HOST = "10.0.2.2"  # how QEMU's user network names the host's loopback

SCRIPT_ENVIRONMENT = dict.fromkeys(("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"), _BUNDLE)
"""Variables that let curl, OpenSSL and Python in a script trust the local CA besides the guest's own."""


def refresh_certificates() -> str:
    """Return bash that renews the bundle after a customizer has changed the guest's own certificates."""
    return f"[ ! {_SYSTEM_BUNDLE} -nt {_BUNDLE} ] || cat {_SYSTEM_BUNDLE} {_DIRECTORY}/ca.pem > {_BUNDLE}"


async def ensure_session(agent: Agent, *, ca_pem: bytes, host_ports: Sequence[int]) -> None:
    """Set the session up unless this boot of the guest already has it."""
    try:
        await agent.close_file(await agent.open(_READY))
    except CommandFailed:
        await agent.bash(_setup(host_ports), stdin=ca_pem + b"\n")


def _setup(host_ports: Sequence[int]) -> str:
    lines = [
        "set -eu",
        f"mkdir -p {_DIRECTORY}",
        f"cat > {_DIRECTORY}/ca.pem",
        f"cat {_SYSTEM_BUNDLE} {_DIRECTORY}/ca.pem > {_BUNDLE}",
    ]
    # The host's 127.0.0.1:port at the guest's own 127.0.0.1:port, so that one URL is good on both sides.
    lines += [
        f"systemd-run --quiet --unit=host-port-{port} --socket-property=ListenStream=127.0.0.1:{port}"
        f" /lib/systemd/systemd-socket-proxyd {_HOST}:{port}"
        for port in host_ports
    ]
    return "\n".join([*lines, f": > {_READY}", ""])
