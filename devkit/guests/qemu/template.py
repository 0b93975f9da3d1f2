"""The warm template: a booted machine, frozen once, from which clones start in well under a second.

It owns making and finding templates, and the choice of accelerator that this proves; it must not know one guest.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

from devkit.guests.port import GuestError
from devkit.guests.qemu import disks
from devkit.guests.qemu.agent import Agent
from devkit.guests.qemu.cache import build_once
from devkit.guests.qemu.hardware import Accelerator, Hardware, Machine, command, may_have_kvm
from devkit.guests.qemu.monitor import Monitor
from devkit.guests.qemu.process import QemuProcess

_log = logging.getLogger(__name__)
_KVM_PROBE_LIMIT = 60.0  # seconds; with KVM the boot takes about five
_BOOT_LIMIT = 240.0

# Removes what two machines must not have in common; each clone makes its own.
_FORGET_IDENTITY = """\
set -eu
systemctl is-system-running --wait >/dev/null || systemctl --failed --no-legend
systemctl stop ssh.service machine-identity.service
rm -f /etc/ssh/ssh_host_* /var/lib/systemd/random-seed
: > /etc/machine-id
journalctl --rotate --quiet; journalctl --vacuum-time=1s --quiet
sync
"""


@dataclass(frozen=True)
class Template:
    """A frozen machine: its disk, its memory and the state of its devices, none of which ever change."""

    directory: Path
    hardware: Hardware

    @property
    def disk(self) -> Path:
        """The disk that clones overlay (qcow2)."""
        return self.directory / "disk.qcow2"

    @property
    def ram(self) -> Path:
        """The memory file that clones map privately."""
        return self.directory / "ram"

    @property
    def state(self) -> Path:
        """The device state that clones load."""
        return self.directory / "state"


async def ensure_template(cache: Path, base: Path, *, memory_mib: int, cpus: int) -> Template:
    """Return the template for this base image and size; made first (about 20 s) if the cache lacks it.

    Making it with KVM is also the probe for KVM: where that fails, it is noted and emulation is used from then on.
    """
    hardware = Hardware("kvm", memory_mib, cpus)
    unusable = cache / f"kvm-unusable-{await hardware.fingerprint()}"
    if may_have_kvm() and not unusable.exists():
        try:
            return await _ensure(cache, base, hardware, _KVM_PROBE_LIMIT)
        except (GuestError, TimeoutError) as error:
            _log.warning("KVM does not work here, emulating instead: %s", error)
            unusable.write_text(f"{error}\n")
    emulated: Accelerator = "tcg"
    return await _ensure(cache, base, dataclasses.replace(hardware, accelerator=emulated), _BOOT_LIMIT)


async def _ensure(cache: Path, base: Path, hardware: Hardware, limit: float) -> Template:
    entry = cache / f"template-{base.parent.name}-{await hardware.fingerprint()}"

    async def build(target: Path) -> None:
        started = time.monotonic()
        _log.info("booting the template machine with %s (once)", hardware.accelerator)
        await _freeze_booted(Template(target, hardware), base, limit)
        _log.info("template machine frozen after %.0f s", time.monotonic() - started)

    await build_once(entry, build)
    return Template(entry, hardware)


async def _freeze_booted(template: Template, base: Path, limit: float) -> None:
    directory = template.directory
    # Relative, so that the cache can be moved as a whole.
    await disks.create_overlay(template.disk, backing=Path(os.path.relpath(base, directory)))
    with disks.socket_directory(directory) as sockets:
        machine = Machine(
            template.disk, template.ram, sockets / "monitor", sockets / "agent", directory / "console.log"
        )
        process = await QemuProcess.start(
            command(template.hardware, machine, keep_ram=True),
            pid_file=directory / "qemu.pid",
            log=directory / "qemu.log",
        )
        try:
            agent = await Agent.connect(machine.agent, "template")
            await agent.answers(limit=limit)
            await agent.bash(_FORGET_IDENTITY, limit=limit)
            await agent.close()
            monitor = await Monitor.connect(machine.monitor, "template")
            await monitor.freeze(template.state)
            await monitor.close()
        finally:
            await process.kill()
