"""Captured images as files: taken from a machine, or shared from another image, and deleted.

It owns the folder of image files; it must not know which resource an image file belongs to beyond its private part.
"""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devkit.azure import ids
from devkit.azure.compute import instance_view
from devkit.azure.errors import ArmError, conflict, invalid

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

_GIB = 1024**3
_MACHINE = "microsoft.compute/virtualmachines"
_DISK = "microsoft.compute/disks"


async def check_source(cloud: Cloud, source: Resource, *, generalized: bool) -> None:
    """Refuse what cannot be frozen: running machines, disks of these, wrongly prepared or unfinished sources."""
    kind = source.type.lower()
    vm = cloud.store.find(source.doc["managedBy"]) if kind == _DISK and "managedBy" in source.doc else None
    if kind == _MACHINE:
        vm = source
        if generalized and not vm.private.get("generalized"):
            message = (
                f"The Virtual Machine {vm.name} has not been generalized. Generalize it before an image is made of it "
                "(see https://aka.ms/generalizevm)."
            )
            raise conflict(message, vm.id)
    if vm is not None:
        power = instance_view.power_of(vm, await cloud.machines.find(vm))
        if power not in {"stopped", "deallocated"}:
            raise conflict(f"The Virtual Machine {vm.name} is {power}; stop it first.", vm.id)
    elif kind == _DISK:
        if "guest" not in source.private:
            raise invalid(f"Disk {source.id} has no data to make an image of.")
    elif "file" not in source.private:
        raise ArmError(409, "Conflict", f"The source {source.id} has not been captured.")


async def capture(cloud: Cloud, source: Resource, owner: Resource) -> dict[str, Any]:
    """Freeze a source for an owner and return what the owner keeps about it; repeated, it captures once."""
    if "file" in owner.private:
        return owner.private
    # The same name each time, so that a capture which a crash interrupted is overwritten and not left behind.
    target = cloud.images / f"{owner.name}-{hashlib.sha256(owner.key.encode()).hexdigest()[:12]}.img"
    if "file" in source.private:
        target.unlink(missing_ok=True)
        os.link(source.private["file"], target)
        kept = {name: source.private[name] for name in ("os_type", "generation", "size_gb", "generalized")}
    else:
        facts = await cloud.machines.freeze(source, target)
        kept = _description(source)
        kept["size_gb"] = max(kept["size_gb"], math.ceil(facts.virtual_size / _GIB))
    return {"file": str(target), **kept}


def _description(source: Resource) -> dict[str, Any]:
    if source.type.lower() == _MACHINE:
        return {
            "os_type": source.properties["storageProfile"]["osDisk"]["osType"],
            "size_gb": source.properties["storageProfile"]["osDisk"]["diskSizeGB"],
            "generation": source.private["generation"],
            "generalized": bool(source.private.get("generalized")),
        }
    properties = source.properties
    return {
        "os_type": properties["osType"],
        "size_gb": properties["diskSizeGB"],
        "generation": properties["hyperVGeneration"],
        "generalized": False,
    }


def require(cloud: Cloud, resource_id: str, kinds: tuple[str, ...], target: str) -> Resource:
    """Return a source of one of these types. Raises ArmError (400 or 404) naming the property."""
    kind = ids.parse(resource_id, target).type.lower()
    if kind not in {name.lower() for name in kinds}:
        raise invalid(f"'{resource_id}' is not one of {', '.join(kinds)}.", target)
    return cloud.store.get(resource_id)


def discard(owner: Resource) -> None:
    """Delete an owner's image file."""
    if "file" in owner.private:
        Path(owner.private["file"]).unlink(missing_ok=True)
