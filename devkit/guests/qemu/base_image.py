"""The base image: Debian as Azure offers it, built once from packages and kept in the cache under its recipe's hash.

It owns the build and the cache entry; it must not know how a machine is run from it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
from pathlib import Path

from devkit.guests.qemu import debian, layout
from devkit.guests.qemu.cache import build_once
from devkit.guests.qemu.tools import run_tool

_log = logging.getLogger(__name__)
_HOOKS = Path(__file__).with_name("rootfs")
_BUILD_LIMIT = 1200.0  # seconds; a slow mirror is the reason for so many
_LEFT_OUT = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*")
_FORMAT = 1  # counts up when the build itself changes in a way that the hashed inputs do not show


def recipe_hash() -> str:
    """Return a hash of all that the image is built from: another recipe makes another image."""
    digest = hashlib.sha256()
    digest.update(json.dumps([_FORMAT, debian.SUITE, debian.PACKAGES, _LEFT_OUT, layout.partition_table()]).encode())
    digest.update(layout.KERNEL_OPTIONS.encode())
    for hook in sorted(_HOOKS.glob("*.sh")):
        digest.update(hook.read_bytes())
    return digest.hexdigest()[:16]


async def ensure_base_image(cache: Path) -> Path:
    """Return the base image (qcow2), building it first if the cache lacks it: about a minute on two cores."""
    entry = cache / f"debian-12-{recipe_hash()}"
    await build_once(entry, _build)
    return entry / "disk.qcow2"


async def _build(target: Path) -> None:
    started = time.monotonic()
    _log.info("building the Debian 12 base image (about a minute, once)")
    disk = target / "disk.raw"
    disk.touch()
    os.truncate(disk, layout.DISK_MIB * layout.MIB)
    scratch = target / "scratch"
    scratch.mkdir()
    if os.geteuid() != 0:
        # mmdebstrap's user namespace sees the files here as other users' files.
        target.chmod(0o755)
        scratch.chmod(0o777)
        disk.chmod(0o666)
    await run_tool(*_mmdebstrap(), environment=_environment(disk, scratch), limit=_BUILD_LIMIT)
    await layout.make_bootable(disk, scratch)
    await run_tool("qemu-img", "convert", "-O", "qcow2", str(disk), str(target / "disk.qcow2"))
    disk.unlink()
    shutil.rmtree(scratch)
    _log.info("base image ready after %.0f s", time.monotonic() - started)


def _mmdebstrap() -> list[str]:
    mode = "root" if os.geteuid() == 0 else "unshare"
    command = ["mmdebstrap", f"--mode={mode}", "--variant=minbase", "--format=null"]
    command += [f"--include={','.join(debian.PACKAGES)}", '--aptopt=APT::Install-Recommends "false"']
    command += [f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT]
    command += [
        f"--essential-hook={_HOOKS / '1-essential.sh'}",
        f"--customize-hook={_HOOKS / '2-customize.sh'}",
        f"--customize-hook={_HOOKS / '3-pack.sh'}",
    ]
    return [*command, debian.SUITE, "-", *debian.host_sources()]


def _environment(disk: Path, scratch: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin",
        "TMPDIR": str(scratch),
        "DISK": str(disk),
        "ROOT_LABEL": layout.ROOT_LABEL,
        "ROOT_OFFSET": str(layout.ROOT_MIB * layout.MIB),
        "ROOT_KIB": str(layout.ROOT_SIZE_MIB * 1024),
    }
