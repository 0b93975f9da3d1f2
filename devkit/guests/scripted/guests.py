"""All scripted machines of one local Azure, with the faults and answers that a test sets.

It owns the collection, the rules and planned failures; it must not know Azure.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from devkit.guests.port import DiskFacts, DiskImage, Guest, GuestError, GuestSpec
from devkit.guests.scripted.disk import ScriptRun, read_disk
from devkit.guests.scripted.guest import Inherited, Operation, ScriptedGuest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from devkit.guests.scripted.rules import Rule


class ScriptedGuests:
    """Machines that exist only as small files below `data`; see `devkit.guests.port.Guests`.

    `rules` may be changed at any time and apply to scripts that start from then on.
    """

    def __init__(self, data: Path, *, rules: Sequence[Rule] = ()) -> None:
        self.rules: list[Rule] = list(rules)
        self._directory = data.absolute() / "guests"
        self._guests: dict[str, ScriptedGuest] = {}
        self._failures: defaultdict[Operation, deque[GuestError]] = defaultdict(deque)

    def fail_next(self, operation: Operation, message: str = "planned failure", *, times: int = 1) -> None:
        """Let the next `times` calls of an operation fail, on whatever machine."""
        self._failures[operation].extend(GuestError(message) for _ in range(times))

    def check(self, operation: Operation) -> None:
        """Raise the failure that was planned for this operation, if any."""
        if self._failures[operation]:
            raise self._failures[operation].popleft()

    def runs(self, vm_id: str) -> list[ScriptRun]:
        """Return the scripts that ended on a machine, oldest first; not those of its source image."""
        guest = self._find(vm_id)
        return [] if guest is None else list(guest.runs)

    async def prepare(self) -> None:
        """Do nothing: a scripted machine starts from nothing."""

    async def create(self, spec: GuestSpec) -> Guest:
        """Make a machine's file."""
        self.check("create")
        if (known := self._find(spec.vm_id)) is not None:
            return known
        inherited: Inherited = {None: read_disk(spec.source.path) if isinstance(spec.source, DiskImage) else []}
        inherited |= {disk.lun: read_disk(disk.source.path) if disk.source else [] for disk in spec.data_disks}
        guest = ScriptedGuest(self, self._file(spec.vm_id), spec, inherited)
        guest.save()
        self._guests[spec.vm_id.lower()] = guest
        return guest

    async def attach(self, vm_id: str) -> Guest | None:
        """Find a machine by its file."""
        return self._find(vm_id)

    async def capture(self, guest: Guest, target: Path, *, lun: int | None = None) -> DiskFacts:
        """Write a machine's disk as an image, in the same form as its export."""
        self.check("capture")
        if not isinstance(guest, ScriptedGuest):
            raise GuestError("only a scripted machine's disk can be captured here")
        return guest.write_disk(target, lun)

    async def close(self) -> None:
        """Switch off every machine below the data directory."""
        for file in sorted(self._directory.glob("*.json")):
            ScriptedGuest.load(self, file).go_off()
        for guest in self._guests.values():
            guest.go_off()
        self._guests.clear()

    def _file(self, vm_id: str) -> Path:
        return self._directory / f"{hashlib.sha256(vm_id.lower().encode()).hexdigest()[:12]}.json"

    def _find(self, vm_id: str) -> ScriptedGuest | None:
        key, file = vm_id.lower(), self._file(vm_id)
        if not file.exists():
            self._guests.pop(key, None)
            return None
        if key not in self._guests:
            self._guests[key] = ScriptedGuest.load(self, file)
        return self._guests[key]
