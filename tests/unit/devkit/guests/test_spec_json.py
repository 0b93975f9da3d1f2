"""A machine's specification survives its way through JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devkit.guests.port import DiskImage, GuestSpec, MarketplaceImage
from devkit.guests.spec_json import dump_spec, load_spec


@pytest.mark.parametrize(
    "source", [MarketplaceImage("Debian", "debian-12", "12-gen2", "0.1.2"), DiskImage(Path("/images/a.qcow2"))]
)
def test_a_specification_reads_back_equal(source: MarketplaceImage | DiskImage) -> None:
    spec = GuestSpec("/vm/a", "a", source, disk_size_gib=30, admin_username="builder", tags={"run": "7"})
    assert load_spec(json.loads(json.dumps(dump_spec(spec)))) == spec
