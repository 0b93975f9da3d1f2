"""The boot loader's patches and the partition table, without a machine."""

from __future__ import annotations

import struct

import pytest

from devkit.guests.qemu import layout


def test_the_root_partition_is_last_and_leaves_room_for_the_backup_table() -> None:
    rows = [line.partition(" : ") for line in layout.partition_table().splitlines() if " : " in line]
    ends = {}
    for number, _, fields in rows:
        values = dict(field.strip().split("=") for field in fields.split(","))
        ends[int(number)] = (int(values["start"]), int(values["start"]) + int(values["size"]))

    assert sorted(ends) == [1, 14, 15]
    assert ends[14][1] <= ends[15][0] < ends[15][1] <= ends[1][0]
    assert ends[1][1] <= layout.DISK_MIB * 2048 - 34
    assert all(start % 2048 == 0 for start, _ in ends.values())


def test_the_boot_sector_points_at_the_core_and_spares_the_partition_table() -> None:
    sector = layout.boot_sector(b"\xeb" * 512)
    assert len(sector) == 440
    assert struct.unpack_from("<Q", sector, 0x5C) == (2048,)
    assert sector[0x66:0x68] == b"\x90\x90"


def test_the_core_lists_its_own_remaining_sectors() -> None:
    core = layout.boot_core(bytes(512 * 3 + 1))
    assert struct.unpack_from("<QHH", core, 500) == (2049, 3, 0x820)


def test_a_core_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        layout.boot_core(bytes(layout.MIB + 1))
