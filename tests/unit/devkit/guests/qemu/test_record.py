"""A machine's record outlives the process that wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.guests.port import GuestSpec, MarketplaceImage
from devkit.guests.qemu.record import GuestRecord

if TYPE_CHECKING:
    from pathlib import Path

_SPEC = GuestSpec("/vm/a", "a", MarketplaceImage("Debian", "debian-12", "12", "1.0.0"), tags={"run": "7"})


def test_a_saved_record_loads_equal(tmp_path: Path) -> None:
    record = GuestRecord(tmp_path, _SPEC)
    record.save()
    assert GuestRecord.load(tmp_path) == record

    record.provisioned = True
    record.save()
    assert GuestRecord.load(tmp_path) == record


def test_a_directory_without_a_record_is_no_machine(tmp_path: Path) -> None:
    (tmp_path / "disk.qcow2").touch()
    assert GuestRecord.load(tmp_path) is None


def test_ids_that_differ_only_in_case_have_one_directory(tmp_path: Path) -> None:
    assert GuestRecord.directory_of(tmp_path, "/VM/A") == GuestRecord.directory_of(tmp_path, "/vm/a")
    assert GuestRecord.directory_of(tmp_path, "/vm/b") != GuestRecord.directory_of(tmp_path, "/vm/a")
