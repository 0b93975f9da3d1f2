"""The host programs that machines are made with: which are needed, and running one of them.

It owns how a tool is run and how its failure reads; it must not know what any tool is used for.
"""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

from devkit.guests.port import GuestError

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUIRED_TOOLS: Mapping[str, str] = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "sfdisk": "fdisk",
    "mformat": "mtools",
    "grub-mkimage": "grub-common grub-pc-bin grub-efi-amd64-bin",
}
"""Program -> the Debian packages that bring it."""

_LAST_LINES = 15


def missing_tools() -> list[str]:
    """Name the programs of REQUIRED_TOOLS that are not here."""
    return [tool for tool in REQUIRED_TOOLS if _find(tool) is None]


def _find(tool: str) -> str | None:
    # An ordinary user's PATH often lacks the sbin directories, where sfdisk and mke2fs are.
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/sbin")


async def run_tool(
    *command: str, stdin: bytes | None = None, environment: Mapping[str, str] | None = None, limit: float = 300
) -> bytes:
    """Run a program to its end and give its stdout; `limit` in seconds. Raises GuestError with its last lines."""
    program = _find(command[0])
    if program is None:
        package = REQUIRED_TOOLS.get(command[0], command[0])
        raise GuestError(f"{command[0]} is not installed (packages: {package})")
    process = await asyncio.create_subprocess_exec(
        program,
        *command[1:],
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )
    try:
        async with asyncio.timeout(limit):
            stdout, stderr = await process.communicate(stdin)
    except TimeoutError:
        raise GuestError(f"{command[0]} did not end within {limit:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise GuestError(f"{command[0]} failed ({process.returncode}): {last_lines(stderr or stdout)}")
    return stdout


def last_lines(log: bytes) -> str:
    """Return the end of a log, enough to see why something failed."""
    return "\n".join(log.decode(errors="replace").splitlines()[-_LAST_LINES:])
