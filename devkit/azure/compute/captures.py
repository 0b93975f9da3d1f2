"""Captured images as files: taken from a machine or a disk, or shared from another image, and deleted.

It owns the folder of image files; it must not know which resource an image file belongs to beyond its private part.
"""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devkit.azure import clock, ids
from devkit.azure.compute import instance_view, vm_disks
from devkit.azure.compute.source_facts import DISK, MACHINE, describe
from devkit.azure.errors import ArmError, conflict, invalid, unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

_GIB = 1024**3


async def check_source(cloud: Cloud, source: Resource) -> None:
    """Refuse what cannot be frozen: running machines, disks of these, unfinished or empty sources."""
    kind = source.type.lower()
    vm = cloud.store.find(source.doc["managedBy"]) if kind == DISK and "managedBy" in source.doc else None
    if kind == MACHINE:
        vm = source
    if vm is not None:
        power = instance_view.power_of(vm, await cloud.machines.find(vm))
        if power not in {"stopped", "deallocated"}:
            raise conflict(f"The Virtual Machine {vm.name} is {power}; stop it first.", vm.id)
    elif kind == DISK:
        if "guest" not in source.private:
            raise unsupported(f"copies of a disk without data ({source.id})")
    elif "file" not in source.private:
        raise ArmError(409, "Conflict", f"The source {source.id} has not been captured.")
    if copied(source) < 100:  # noqa: PLR2004  # percent
        raise conflict(f"The copy of snapshot {source.name} has not been completed; see its completionPercent.")


def copied(source: Resource) -> float:
    """Return the percentage of a background copy that is done; 100 for a resource that was made otherwise."""
    copy: dict[str, float] | None = source.private.get("copy")
    if copy is None or copy["seconds"] <= 0:
        return 100.0
    return min(100.0, round(100 * (clock.now() - copy["started"]) / copy["seconds"], 1))


async def capture(
    cloud: Cloud, source: Resource, owner: Resource, data: Mapping[int, Resource] | None = None
) -> dict[str, Any]:
    """Freeze a source's disks for an owner and return the owner's record of them; one that has a record gets that.

    Data disks of a machine or an image are captured with it; `data` has those that go with a disk or snapshot, by LUN.
    """
    if "file" in owner.private:
        return owner.private
    facts = asdict(describe(cloud, source))
    if source.type.lower() == MACHINE:
        system, data = vm_disks.os_disk(cloud, source), vm_disks.data_disks(cloud, source)
    else:
        system = source
    # The same name each time, so that a capture which a crash interrupted is overwritten and not left behind.
    stem = f"{owner.name}-{hashlib.sha256(owner.key.encode()).hexdigest()[:12]}"
    size_gb = await _freeze(cloud, system, cloud.images / f"{stem}.img")
    parts = []
    for lun, part in (data or {}).items():
        file = cloud.images / f"{stem}-{lun}.img"
        parts.append({"lun": lun, "file": str(file), "size_gb": await _freeze(cloud, part, file)})
    for part in source.private.get("data", []):
        file = cloud.images / f"{stem}-{part['lun']}.img"
        _share(part["file"], file)
        parts.append({**part, "file": str(file)})
    return {"file": str(cloud.images / f"{stem}.img"), "size_gb": size_gb, **facts, "data": parts}


async def _freeze(cloud: Cloud, source: Resource, target: Path) -> int:
    """Write one disk as an image file and return its size in GB."""
    size: int
    if "file" in source.private:
        _share(source.private["file"], target)
        size = source.private["size_gb"]
        return size
    facts = await cloud.machines.freeze(source, target)
    size = source.properties["diskSizeGB"]
    return max(size, math.ceil(facts.virtual_size / _GIB))


def _share(file: str, target: Path) -> None:
    target.unlink(missing_ok=True)
    os.link(file, target)


def require(cloud: Cloud, resource_id: str, kinds: tuple[str, ...], target: str) -> Resource:
    """Return a source of one of these types. Raises ArmError (400 or 404) naming the property."""
    kind = ids.parse(resource_id, target).type.lower()
    if kind not in {name.lower() for name in kinds}:
        raise invalid(f"'{resource_id}' is not one of {', '.join(kinds)}.", target)
    return cloud.store.get(resource_id)


def refuse_other_region(source: Resource, location: str) -> None:
    """Refuse a source in another region than its copy."""
    if source.doc["location"] != location:
        kind = "Virtual Machine" if source.type.lower() == MACHINE else source.type.rsplit("/", 1)[-1]
        message = f"Source {kind} '{source.id}' specified in the request does not exist in this Azure location."
        raise ArmError(404, "NotFound", message)


def discard(owner: Resource) -> None:
    """Delete an owner's image files."""
    for part in (owner.private, *owner.private.get("data", [])):
        if "file" in part:
            Path(part["file"]).unlink(missing_ok=True)
