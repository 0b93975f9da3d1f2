"""A machine's specification survives its way through JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devkit.guests.port import DataDisk, DiskImage, GuestSpec, MarketplaceImage
from devkit.guests.spec_json import dump_spec, load_spec


@pytest.mark.parametrize(
    "source", [MarketplaceImage("Debian", "debian-12", "12-gen2", "0.1.2"), DiskImage(Path("/images/a.qcow2"))]
)
def test_a_specification_reads_back_equal(source: MarketplaceImage | DiskImage) -> None:
    data = (DataDisk(0, 8), DataDisk(3, 16, DiskImage(Path("/images/data.qcow2"))))
    spec = GuestSpec(
        "/vm/a", "a", source, disk_size_gib=30, admin_username="builder", data_disks=data, tags={"run": "7"}
    )
    assert load_spec(json.loads(json.dumps(dump_spec(spec)))) == spec
