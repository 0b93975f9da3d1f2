"""The machines behind virtual machines and their disks: made, found again, frozen and destroyed.

It owns the one handle per machine in this process; it must not know ARM documents' shapes beyond a key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devkit.azure.errors import ArmError

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azure.store import Resource
    from devkit.guests.port import DiskFacts, Guest, Guests, GuestSpec


@dataclass
class Machines:
    """Machines by the key in a resource's private part, which outlives this process."""

    guests: Guests
    _handles: dict[str, Guest] = field(default_factory=dict)

    async def create(self, spec: GuestSpec) -> Guest:
        """Make a machine, or find the one with the same key."""
        self._handles[spec.vm_id] = guest = await self.guests.create(spec)
        return guest

    async def find(self, resource: Resource) -> Guest | None:
        """Find the machine of a virtual machine or of its disk."""
        key = resource.private.get("guest")
        if key is None:
            return None
        if key not in self._handles:
            guest = await self.guests.attach(key)
            if guest is None:
                return None
            self._handles[key] = guest
        return self._handles[key]

    async def get(self, resource: Resource) -> Guest:
        """Return the machine. Raises ArmError (409) if it is gone, which only a deleted data folder explains."""
        guest = await self.find(resource)
        if guest is None:
            raise ArmError(409, "OperationNotAllowed", f"The machine behind '{resource.id}' no longer exists.")
        return guest

    async def destroy(self, resource: Resource) -> None:
        """Destroy the machine with all its disks, if there is one."""
        guest = await self.find(resource)
        if guest is not None:
            await guest.destroy()
            self._handles.pop(resource.private["guest"], None)

    async def freeze(self, resource: Resource, target: Path) -> DiskFacts:
        """Write a disk of a stopped machine as an image file of its own."""
        return await self.guests.capture(await self.get(resource), target, lun=resource.private.get("lun"))

    async def export(self, resource: Resource, target: Path) -> DiskFacts:
        """Write a disk of a stopped machine as a fixed VHD."""
        return await (await self.get(resource)).export_disk(target, lun=resource.private.get("lun"))
