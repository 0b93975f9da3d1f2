"""A scripted machine's disks: small, valid VHDs that say what was done to the machine.

It owns that content's place and form; it must not know how a machine came to it.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from devkit.guests import vhd
from devkit.guests.port import DiskFacts

if TYPE_CHECKING:
    from pathlib import Path

DISK_SIZE = 4 << 20
_LENGTH_SIZE = 8
_SECOND_RANGE = 2 << 20  # so that a copy of non-empty ranges has more than one to copy
_NAMESPACE = uuid.UUID("5ad7c2b4-6c0e-4f0b-9c56-2d3f60b3a1c7")


@dataclass(frozen=True)
class ScriptRun:
    """A script that ran on a machine, as text, and how it ended."""

    script: str
    environment: dict[str, str]
    arguments: list[str]
    exit_code: int


def write_disk(path: Path, vm_id: str, runs: list[ScriptRun]) -> DiskFacts:
    """Write the disk of a machine on which these scripts ran; the values in their environments never reach a disk."""
    text = json.dumps([asdict(replace(run, environment=dict.fromkeys(run.environment, ""))) for run in runs]).encode()
    content = {
        0: len(text).to_bytes(_LENGTH_SIZE, "big") + text,
        _SECOND_RANGE: vm_id.encode().ljust(vhd.SECTOR, b"\0"),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    vhd.write_fixed(path, DISK_SIZE, content, unique_id=uuid.uuid5(_NAMESPACE, vm_id))
    return DiskFacts(path, DISK_SIZE, "vhd")


def read_disk(path: Path) -> list[ScriptRun]:
    """Return the scripts that are "in" an image, also those of the image that it was made from."""
    vhd.read_footer(path)
    with path.open("rb") as file:
        text = file.read(int.from_bytes(file.read(_LENGTH_SIZE), "big"))
    return [ScriptRun(**run) for run in json.loads(text)]
