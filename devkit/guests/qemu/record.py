"""One machine's directory: its record between processes, and its files.

It owns the file names and the JSON record; it must not know how a machine is run.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devkit.guests.spec_json import dump_spec, load_spec

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.guests.port import GuestSpec


@dataclass
class GuestRecord:
    """A machine's specification, and whether it has been provisioned (its first boot is complete)."""

    directory: Path
    spec: GuestSpec
    provisioned: bool = False

    @staticmethod
    def directory_of(data: Path, vm_id: str) -> Path:
        """Return the directory of the machine with this id (ids are case-insensitive)."""
        return data / "guests" / hashlib.sha256(vm_id.lower().encode()).hexdigest()[:12]

    @classmethod
    def load(cls, directory: Path) -> GuestRecord | None:
        """Read a record; None if there is no (completely created) machine."""
        try:
            document = json.loads((directory / "guest.json").read_text())
        except FileNotFoundError:
            return None
        return cls(directory, load_spec(document["spec"]), document["provisioned"])

    def save(self) -> None:
        """Write the record, at once or not at all."""
        document = {"spec": dump_spec(self.spec), "provisioned": self.provisioned}
        partial = self.directory / "guest.json.partial"
        partial.write_text(json.dumps(document, indent=1))
        partial.replace(self.directory / "guest.json")

    def delete(self) -> None:
        """Remove the machine's directory."""
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def disk(self) -> Path:
        """The machine's own disk (qcow2)."""
        return self.directory / "disk.qcow2"

    def data_disk(self, lun: int) -> Path:
        """Return the data disk at a LUN (qcow2)."""
        return self.directory / f"data-{lun}.qcow2"

    @property
    def data_disks(self) -> dict[int, Path]:
        """The machine's data disks by LUN, in that order."""
        return {disk.lun: self.data_disk(disk.lun) for disk in sorted(self.spec.data_disks, key=lambda d: d.lun)}

    @property
    def pid_file(self) -> Path:
        """The file that QEMU writes its process id to."""
        return self.directory / "qemu.pid"

    @property
    def log(self) -> Path:
        """The log of QEMU itself."""
        return self.directory / "qemu.log"

    @property
    def console(self) -> Path:
        """The log of the machine's serial port."""
        return self.directory / "console.log"
