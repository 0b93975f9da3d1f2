"""The Debian release that the base image is made of, and where this host gets Debian packages from.

It owns package lists and apt sources; it must not know disks or machines.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SUITE = "bookworm"
_ARCHIVES = {"debian": ("", "-updates"), "debian-security": ("-security",)}
_ONE_LINE = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?(?P<uri>\S+)\s+\S+")

PACKAGES = (
    # the system
    "linux-image-cloud-amd64",
    "initramfs-tools",
    "lz4",
    "systemd-sysv",
    "systemd-resolved",
    "udev",
    "dbus",
    "iproute2",
    "procps",
    "netbase",
    "parted",
    "fdisk",
    # tools that Azure's image offers to scripts
    "waagent",
    "openssh-server",
    "sudo",
    "curl",
    "ca-certificates",
    "python3",
    # plays the transport of the Azure VM agent
    "qemu-guest-agent",
)


def host_sources(etc_apt: Path = Path("/etc/apt")) -> list[str]:
    """Return `deb` lines for SUITE from the mirrors that this host itself uses; empty: mmdebstrap's own default.

    Each mirror counts by the last part of its path, `debian` or `debian-security`, whatever release the host is.
    """
    files = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*"))]
    mirrors: dict[str, str] = {}
    for file in files:
        if file.is_file() and file.suffix in {".list", ".sources"}:
            for uri in _uris(file.read_text().splitlines()):
                mirrors.setdefault(uri.rstrip("/").rpartition("/")[2], uri)
    if "debian" not in mirrors:
        return []
    return [
        f"deb {mirrors[archive]} {SUITE}{suffix} main"
        for archive, suffixes in _ARCHIVES.items()
        if archive in mirrors
        for suffix in suffixes
    ]


def _uris(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        if line.lower().startswith("uris:"):
            yield from line.partition(":")[2].split()
        elif one_line := _ONE_LINE.match(line):
            yield one_line["uri"]
