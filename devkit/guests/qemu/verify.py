"""Proof of an image: boot an exported VHD alone, as an Azure generation 1 machine boots, and look inside.

It owns one throw-away machine; it must not know how the image was built.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from devkit.guests.port import GuestError
from devkit.guests.qemu import disks
from devkit.guests.qemu.agent import Agent
from devkit.guests.qemu.hardware import Hardware, Machine, command
from devkit.guests.qemu.process import QemuProcess
from devkit.guests.qemu.tools import last_lines

_HARDWARE = Hardware("tcg", 1024, 2)


async def inspect_vhd(
    path: Path,
    script: str,
    *,
    timeout: float = 300,  # noqa: ASYNC109  # for boot and script each, reported with the console's last lines
) -> tuple[int, str]:
    """Boot the VHD (which stays unchanged), wait until its services are up, run bash; give exit code and output.

    `timeout` is in seconds. The script runs as root; what it prints to both streams is given back.
    """
    with tempfile.TemporaryDirectory(prefix="kiln-verify-") as name:
        directory = Path(name)
        machine = Machine(
            directory / "disk.qcow2",
            directory / "ram",
            directory / "monitor",
            directory / "agent",
            directory / "console.log",
        )
        await disks.create_overlay(machine.disk, backing=path.absolute(), backing_format="vpc")
        log = directory / "qemu.log"
        process = await QemuProcess.start(
            command(_HARDWARE, machine, disk_bus="ide"), pid_file=directory / "qemu.pid", log=log
        )
        try:
            agent = await Agent.connect(machine.agent, path.name)
            try:
                await agent.answers(limit=timeout)
                await agent.run("/bin/systemctl", "is-system-running", "--wait", limit=timeout)
                completed = await agent.run("/bin/bash", "-c", f"exec 2>&1\n{script}", limit=timeout)
            finally:
                await agent.close()
        except (GuestError, TimeoutError) as error:
            console = last_lines(machine.console.read_bytes())
            raise GuestError(f"{path.name} did not come up alone: {error}\n{console}") from error
        finally:
            await process.kill()
    return completed.exit_code, completed.stdout.decode(errors="replace")
