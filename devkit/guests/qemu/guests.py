"""All QEMU machines of one local Azure.

It owns the collection and what they share; it must not know how one machine is run.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from devkit.guests.port import DiskFacts, DiskImage, Guest, GuestError, GuestSpec, MarketplaceImage
from devkit.guests.qemu.base_image import ensure_base_image
from devkit.guests.qemu.cache import default_cache
from devkit.guests.qemu.guest import Platform, QemuGuest
from devkit.guests.qemu.process import QemuProcess
from devkit.guests.qemu.record import GuestRecord
from devkit.guests.qemu.template import ensure_template

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log = logging.getLogger(__name__)


class QemuGuests:
    """Real machines; see `devkit.guests.port.Guests`.

    All have the same size, `memory_mib` and `cpus`, whatever Azure size they stand for: that is what lets them
    start warm. Any Linux marketplace image is played by Debian 12.
    """

    def __init__(
        self,
        data: Path,
        *,
        ca_pem: bytes = b"",
        host_ports: Sequence[int] = (),
        cache: Path | None = None,
        memory_mib: int = 1024,
        cpus: int = 2,
    ) -> None:
        """Keep machines below `data`. `ca_pem` is trusted by scripts; `host_ports` are forwarded to the host."""
        self._data = data.absolute()
        self._cache = (cache or default_cache()).absolute()
        self._ca_pem = ca_pem
        self._host_ports = tuple(host_ports)
        self._memory_mib = memory_mib
        self._cpus = cpus
        self._platform: Platform | None = None
        self._preparing = asyncio.Lock()
        self._guests: dict[Path, QemuGuest] = {}

    async def prepare(self) -> None:
        """Make the base image and the template if the cache lacks them (a minute or two)."""
        await self._prepared()

    async def create(self, spec: GuestSpec) -> Guest:
        """Make a machine's disk and record."""
        if isinstance(spec.source, MarketplaceImage) and "windows" in spec.source.publisher.lower():
            raise GuestError(f"{spec.vm_id}: there is no Windows to run in a local QEMU machine")
        if isinstance(spec.source, MarketplaceImage) and "arm64" in spec.source.sku.lower():
            raise GuestError(f"{spec.vm_id}: local QEMU machines have x64 processors, not Arm64")
        for source in (spec.source, *(disk.source for disk in spec.data_disks)):
            if isinstance(source, DiskImage) and not source.path.is_file():
                raise GuestError(f"{spec.vm_id}: its source {source.path} does not exist")
        known = await self._find(spec.vm_id)
        if known is not None:
            return known
        directory = GuestRecord.directory_of(self._data, spec.vm_id)
        record = GuestRecord(directory, spec)
        record.delete()  # left by a creation that was interrupted
        directory.mkdir(parents=True)
        guest = QemuGuest(record, await self._prepared())
        await guest.make_disks()
        record.save()
        self._guests[directory] = guest
        return guest

    async def attach(self, vm_id: str) -> Guest | None:
        """Find a machine by its record."""
        return await self._find(vm_id)

    async def capture(self, guest: Guest, target: Path, *, lun: int | None = None) -> DiskFacts:
        """Copy a disk of the stopped machine into one qcow2."""
        if not isinstance(guest, QemuGuest):
            raise GuestError("only a QEMU machine's disk can be captured here")
        return await guest.copy_disk(target, lun)

    async def close(self) -> None:
        """End every machine recorded below the data directory."""
        for guest in self._guests.values():
            await guest.close()
        self._guests.clear()
        await reap(self._data)

    async def _find(self, vm_id: str) -> QemuGuest | None:
        directory = GuestRecord.directory_of(self._data, vm_id)
        record = GuestRecord.load(directory)
        if record is None:
            self._guests.pop(directory, None)
            return None
        if directory not in self._guests:
            self._guests[directory] = QemuGuest(record, await self._prepared())
        return self._guests[directory]

    async def _prepared(self) -> Platform:
        async with self._preparing:
            if self._platform is None:
                base = await ensure_base_image(self._cache)
                template = await ensure_template(self._cache, base, memory_mib=self._memory_mib, cpus=self._cpus)
                self._platform = Platform(template, self._ca_pem, self._host_ports)
            return self._platform


async def reap(data: Path) -> int:
    """End all machines that any process started below `data`; give how many there were."""
    count = 0
    for pid_file in sorted((data.absolute() / "guests").glob("*/qemu.pid")):
        if process := QemuProcess.find(pid_file):
            _log.info("ending the machine in %s", pid_file.parent)
            await process.kill()
            count += 1
    return count
