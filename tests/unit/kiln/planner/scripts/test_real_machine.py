"""Kiln's own scripts in a real Linux: a restart that is proved, a first boot that is optimized, two data disks."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devkit.guests.port import DataDisk, GuestSpec, MarketplaceImage
from devkit.guests.qemu.guests import QemuGuests, reap
from devkit.guests.qemu.tools import missing_tools
from kiln.planner.scripts import STILL_RESTARTING, optimize, restart, shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.guests.port import Guest, Stream

EXAMPLES = Path(__file__).parents[5] / "examples"
DEBIAN = MarketplaceImage("Debian", "debian-12", "12", "1.0.0")
DISKS = (DataDisk(0, 1), DataDisk(1, 1))

pytestmark = [
    pytest.mark.qemu,
    pytest.mark.machines,
    pytest.mark.sockets,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(missing_tools()), reason=f"not installed: {', '.join(missing_tools())}"),
]


@pytest.fixture(name="data")
def _data(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    asyncio.run(reap(tmp_path / "data"))


async def run(guest: Guest, script: str, **environment: str) -> tuple[int, str]:
    pieces: list[bytes] = []

    async def keep(_: Stream, data: bytes) -> None:
        pieces.append(data)

    result = await guest.run_script(script.encode(), environment=environment, arguments=(), timeout=300, output=keep)
    return result.exit_code, b"".join(pieces).decode()


def test_a_machine_restarts_is_optimized_and_formats_its_disks(data: Path) -> None:
    async def scenario() -> None:
        guests = QemuGuests(data)
        guest = await guests.create(
            GuestSpec("/vm/scripts", "scripts", DEBIAN, admin_username="builder", data_disks=DISKS)
        )
        await guest.boot()
        await formats(guest)
        await optimizes(guest)
        await restarts(guest)
        await executes_nothing_in_tmp(guest)
        await guests.close()

    asyncio.run(scenario())


async def formats(guest: Guest) -> None:
    body = json.loads((EXAMPLES / "data-disks.json").read_text())
    lines = tuple(body["properties"]["customize"][0]["inline"])

    code, said = await run(guest, shell.inline_script(lines))

    assert code == 0, said
    assert "data0" in said
    assert "data1" in said


async def optimizes(guest: Guest) -> None:
    code, said = await run(guest, optimize.linux_boot())

    assert code == 0, said
    assert "+ apt-get clean" in said
    assert "+ fstrim --all --verbose" in said


async def restarts(guest: Guest) -> None:
    code, boot = await run(guest, restart.linux_mark())
    assert (code, len(boot.strip())) == (0, 36)
    assert await run(guest, restart.linux_check("")) == (STILL_RESTARTING, "not restarted yet\n")

    await guest.restart()

    assert (await run(guest, restart.linux_check("test -e /no/such/file")))[0] == STILL_RESTARTING
    assert await run(guest, restart.linux_check("test -e /etc/os-release")) == (0, "restarted\n")
    assert (await run(guest, f"test -e {restart.LINUX_MARK}\n"))[0] == 1


async def executes_nothing_in_tmp(guest: Guest) -> None:
    """Run a script as a hardened image would: /tmp and /var/tmp with noexec, and with Windows' line ends at that."""
    lines = ("mount -t tmpfs -o noexec tmpfs /tmp", "mount -t tmpfs -o noexec tmpfs /var/tmp")
    python = ("printf '#!/usr/bin/env python3\\r\\nimport sys\\r\\nprint(sys.argv[0])\\r\\n' > /root/script",)
    assert (await run(guest, shell.inline_script(lines + python)))[0] == 0

    code, said = await run(guest, shell.fetched_script(), KILN_ARTIFACT_URL="file:///root/script")

    assert (code, said[:16]) == (0, "/opt/kiln-script"), said
