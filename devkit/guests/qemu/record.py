"""One machine's directory: what is known of it between processes.

It owns the file names and the JSON record; it must not know how a machine is run.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devkit.guests.port import DiskImage, GuestSource, GuestSpec, MarketplaceImage


@dataclass
class GuestRecord:
    """A machine's specification, and whether it has been provisioned (its first boot is complete)."""

    directory: Path
    spec: GuestSpec
    provisioned: bool = False

    @staticmethod
    def directory_of(data: Path, vm_id: str) -> Path:
        """Give the directory of the machine with this id (ids are case-insensitive)."""
        return data / "guests" / hashlib.sha256(vm_id.lower().encode()).hexdigest()[:12]

    @classmethod
    def load(cls, directory: Path) -> GuestRecord | None:
        """Read a record; None if there is no (completely created) machine."""
        try:
            document = json.loads((directory / "guest.json").read_text())
        except FileNotFoundError:
            return None
        return cls(directory, _spec(document["spec"]), document["provisioned"])

    @classmethod
    def load_all(cls, data: Path) -> list[GuestRecord]:
        """Read the records of all machines below `data`."""
        records = [cls.load(directory) for directory in sorted((data / "guests").glob("*"))]
        return [record for record in records if record is not None]

    def save(self) -> None:
        """Write the record, at once or not at all."""
        spec = dataclasses.asdict(dataclasses.replace(self.spec, tags=dict(self.spec.tags)))
        document = {"spec": spec, "provisioned": self.provisioned}
        partial = self.directory / "guest.json.partial"
        partial.write_text(json.dumps(document, default=str, indent=1))
        partial.replace(self.directory / "guest.json")

    def delete(self) -> None:
        """Remove the machine's directory."""
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def disk(self) -> Path:
        """The machine's own disk (qcow2)."""
        return self.directory / "disk.qcow2"


def _spec(document: dict[str, Any]) -> GuestSpec:
    return GuestSpec(**{**document, "source": _source(document["source"])})


def _source(document: dict[str, Any]) -> GuestSource:
    if "path" in document:
        return DiskImage(Path(document["path"]))
    return MarketplaceImage(**document)
