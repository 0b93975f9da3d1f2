"""Disk files: overlays for machines, copies that stand alone, fixed VHDs for Azure.

It owns qemu-img; it must not know whose disk a file is.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from devkit.guests.port import DiskFacts
from devkit.guests.qemu.tools import run_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

GIB = 1 << 30
_SOCKET_PATH_LIMIT = 90  # bytes; the kernel's is 108, less the longest name used here
_VHD_FOOTER = 512


async def create_overlay(path: Path, *, backing: Path, backing_format: str = "qcow2") -> None:
    """Make a qcow2 that holds only what differs from `backing`."""
    path.unlink(missing_ok=True)
    await run_tool("qemu-img", "create", "-q", "-f", "qcow2", "-F", backing_format, "-b", str(backing), str(path))


async def create_empty(path: Path, size: int) -> None:
    """Make an empty qcow2 of `size` bytes."""
    path.unlink(missing_ok=True)
    await run_tool("qemu-img", "create", "-q", "-f", "qcow2", str(path), str(size))


async def grow(path: Path, size: int) -> None:
    """Enlarge a qcow2 of a machine that is off to `size` bytes."""
    await run_tool("qemu-img", "resize", "-q", "-f", "qcow2", str(path), str(size))


async def virtual_size(path: Path) -> int:
    """Return the number of bytes that a machine sees in a qcow2."""
    answer = await run_tool("qemu-img", "info", "--output=json", "-U", "-f", "qcow2", str(path))
    return int(json.loads(answer)["virtual-size"])


async def copy_alone(source: Path, target: Path) -> DiskFacts:
    """Write a qcow2 with all its backing files folded in."""
    await _convert(source, target, ["-O", "qcow2"])
    return DiskFacts(target, await virtual_size(target), "qcow2")


async def write_vhd(source: Path, target: Path) -> DiskFacts:
    """Write a fixed VHD: sparse, sized exactly (not rounded to old disk geometry), as Azure wants it."""
    await _convert(source, target, ["-O", "vpc", "-o", "subformat=fixed,force_size=on"])
    return DiskFacts(target, target.stat().st_size - _VHD_FOOTER, "vhd")


async def _convert(source: Path, target: Path, options: list[str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.partial")
    await run_tool("qemu-img", "convert", "-f", "qcow2", *options, str(source), str(partial))
    partial.rename(target)


def short_socket_directory(directory: Path) -> Path:
    """Return a directory whose Unix socket paths the kernel accepts: `directory`, or a short stand-in for it."""
    if len(str(directory)) <= _SOCKET_PATH_LIMIT:
        return directory
    name = hashlib.sha256(str(directory).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"kiln-{name}"


@contextmanager
def socket_directory(directory: Path) -> Iterator[Path]:
    """Make `short_socket_directory` and, if it is a stand-in, remove it afterwards."""
    sockets = short_socket_directory(directory)
    sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        yield sockets
    finally:
        if sockets != directory:
            shutil.rmtree(sockets, ignore_errors=True)
