"""A machine's specification as plain JSON, for the records that outlive a process.

It owns that one mapping; it must not know who keeps the record or where.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from devkit.guests.port import DataDisk, DiskImage, GuestSource, GuestSpec, MarketplaceImage


def dump_spec(spec: GuestSpec) -> dict[str, Any]:
    """Return the specification as JSON values."""
    document = dataclasses.asdict(dataclasses.replace(spec, tags=dict(spec.tags)))
    if isinstance(spec.source, DiskImage):
        document["source"] = _dump_image(spec.source)
    document["data_disks"] = [
        {"lun": disk.lun, "size_gib": disk.size_gib, "source": disk.source and _dump_image(disk.source)}
        for disk in spec.data_disks
    ]
    return document


def load_spec(document: dict[str, Any]) -> GuestSpec:
    """Return the specification from the JSON values that `dump_spec` made."""
    data_disks = tuple(_data_disk(disk) for disk in document["data_disks"])
    return GuestSpec(**{**document, "source": _source(document["source"]), "data_disks": data_disks})


def _dump_image(image: DiskImage) -> dict[str, str]:
    return {"path": str(image.path)}


def _data_disk(document: dict[str, Any]) -> DataDisk:
    source = document["source"]
    return DataDisk(document["lun"], document["size_gib"], source and DiskImage(Path(source["path"])))


def _source(document: dict[str, Any]) -> GuestSource:
    if "path" in document:
        return DiskImage(Path(document["path"]))
    return MarketplaceImage(**document)
