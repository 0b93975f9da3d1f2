"""`python -m devkit.local.azure`: the local Azure as one process, with its machines and Azurite as its storage.

It owns their composition; it must not know any rule of Azure, nor what a machine is.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from devkit.azure.latency import PROFILES
from devkit.azure.server import LocalAzure, Tls
from devkit.azurite import AzuriteAccounts, ensure_certificates
from devkit.guests.port import GuestError
from devkit.local.endpoints import port_of
from devkit.local.options import GuestKind, LatencyProfile

if TYPE_CHECKING:
    from devkit.guests.port import Guests

log = logging.getLogger("devkit.local.azure")


def main() -> int:
    """Serve until SIGTERM or SIGINT; 0 after a clean stop, 1 if the machines cannot be had."""
    options = _options()
    level = os.environ.get("KILN_LOG_LEVEL", "INFO")
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        asyncio.run(_serve(options))
    except (GuestError, OSError) as error:
        log.error("%s", error)  # noqa: TRY400  # the message says it all; a traceback would hide it
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    certificates = ensure_certificates(options.tls)
    guests = _guests(options, certificates.ca)
    options.data.mkdir(parents=True, exist_ok=True)
    azure = LocalAzure(
        guests=guests,
        storage=AzuriteAccounts(options.accounts, origin=options.blob, ca_file=certificates.ca),
        data=options.data,
        database=options.data / "azure.db",
        latency=PROFILES[options.latency],
        time_scale=options.time_scale,
    )
    try:
        if await _prepared(guests, stopping):
            port = await azure.start("127.0.0.1", options.port, Tls(certificates.certificate, certificates.key))
            sys.stdout.write(f"ready https://127.0.0.1:{port}\n")
            sys.stdout.flush()
            await stopping.wait()
    finally:
        await azure.stop()
        await guests.close()


async def _prepared(guests: Guests, stopping: asyncio.Event) -> bool:
    """Prepare the machines; False if a signal came before that was done."""
    preparing = asyncio.ensure_future(guests.prepare())
    stopped = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({preparing, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if preparing.done():
        stopped.cancel()
        await preparing
        return True
    preparing.cancel()
    await asyncio.gather(preparing, return_exceptions=True)
    return False


def _guests(options: argparse.Namespace, ca: Path) -> Guests:
    if options.guests == GuestKind.SCRIPTED:
        from devkit.guests.scripted.guests import ScriptedGuests  # only what is asked for

        return ScriptedGuests(options.data)
    from devkit.guests.qemu.guests import QemuGuests  # only what is asked for

    # Scripts in a machine fetch their files from, and write their output to, Azurite's URLs on this machine.
    return QemuGuests(options.data, ca_pem=ca.read_bytes(), host_ports=[port_of(options.blob)])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devkit.local.azure", description="Serve a local Azure.")
    parser.add_argument("--data", type=Path, required=True, help="folder for state, images and machines")
    parser.add_argument("--accounts", type=Path, required=True, help="Azurite's file of accounts")
    parser.add_argument("--blob", required=True, help="Azurite's scheme, host and port")
    parser.add_argument("--tls", type=Path, required=True, help="folder of the certificates")
    parser.add_argument("--port", type=int, default=7072, help="0 for any free port (default: 7072)")
    parser.add_argument("--guests", type=GuestKind, choices=list(GuestKind), default=GuestKind.QEMU)
    parser.add_argument("--latency", type=LatencyProfile, choices=list(LatencyProfile), default=LatencyProfile.INSTANT)
    parser.add_argument("--time-scale", type=float, default=1.0, help="factor on the latency profile's times")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
