"""A machine's specification as plain JSON, for the records that outlive a process.

It owns that one mapping; it must not know who keeps the record or where.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from devkit.guests.port import DiskImage, GuestSource, GuestSpec, MarketplaceImage


def dump_spec(spec: GuestSpec) -> dict[str, Any]:
    """Give the specification as JSON values."""
    document = dataclasses.asdict(dataclasses.replace(spec, tags=dict(spec.tags)))
    if isinstance(spec.source, DiskImage):
        document["source"] = {"path": str(spec.source.path)}
    return document


def load_spec(document: dict[str, Any]) -> GuestSpec:
    """Give back what `dump_spec` was given."""
    return GuestSpec(**{**document, "source": _source(document["source"])})


def _source(document: dict[str, Any]) -> GuestSource:
    if "path" in document:
        return DiskImage(Path(document["path"]))
    return MarketplaceImage(**document)
