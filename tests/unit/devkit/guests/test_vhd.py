"""The VHD footer, checked against the specification's fields and against qemu-img."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest

from devkit.guests import vhd

if TYPE_CHECKING:
    from pathlib import Path

_ID = uuid.UUID("12345678-1234-5678-1234-567812345678")
_MIB = 1 << 20


def test_the_footer_has_the_specified_fields_at_the_specified_places() -> None:
    raw = vhd.footer(4 * _MIB, _ID)

    assert len(raw) == 512
    assert raw[:8] == b"conectix"
    assert raw[8:12] == bytes([0, 0, 0, 2])
    assert raw[12:16] == bytes([0, 1, 0, 0])
    assert raw[16:24] == b"\xff" * 8
    assert struct.unpack(">QQ", raw[40:56]) == (4 * _MIB, 4 * _MIB)
    assert struct.unpack(">I", raw[60:64]) == (2,)
    assert raw[68:84] == _ID.bytes
    assert raw[84:] == bytes(428)
    assert struct.unpack(">I", raw[64:68])[0] == 0xFFFFFFFF - sum(raw[:64] + raw[68:])


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (4 * _MIB, (120, 4, 17)),
        (100 * _MIB, (1003, 12, 17)),
        (1024 * _MIB, (2080, 16, 63)),
        (30 * 1024 * _MIB, (62415, 16, 63)),
        (64 * 1024 * _MIB, (32896, 16, 255)),
        (4096 * 1024 * _MIB, (65535, 16, 255)),
    ],
)
def test_geometry_follows_the_specification(size: int, expected: tuple[int, int, int]) -> None:
    assert vhd.geometry(size) == expected


def test_a_written_vhd_reads_back_and_is_sparse(tmp_path: Path) -> None:
    path = tmp_path / "disk.vhd"
    vhd.write_fixed(path, 64 * _MIB, {0: b"start", 32 * _MIB: b"middle"}, unique_id=_ID)

    assert vhd.read_footer(path) == vhd.VhdFooter(64 * _MIB, _ID)
    assert path.stat().st_size == 64 * _MIB + 512
    assert path.stat().st_blocks * 512 < _MIB
    with path.open("rb") as file:
        file.seek(32 * _MIB)
        assert file.read(6) == b"middle"


def test_content_beyond_the_disk_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "disk.vhd"
    with pytest.raises(ValueError, match="do not fit"):
        vhd.write_fixed(path, 512, {510: b"abc"}, unique_id=_ID)
    assert not path.exists()


@pytest.mark.parametrize(
    ("position", "complaint"), [(0, "not a fixed VHD"), (63, "not a fixed VHD"), (100, "checksum")]
)
def test_a_damaged_footer_is_refused(tmp_path: Path, position: int, complaint: str) -> None:
    path = tmp_path / "disk.vhd"
    vhd.write_fixed(path, _MIB, {}, unique_id=_ID)
    with path.open("r+b") as file:
        file.seek(_MIB + position)
        file.write(b"\x07")
    with pytest.raises(ValueError, match=complaint):
        vhd.read_footer(path)


def test_a_truncated_vhd_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "disk.vhd"
    path.write_bytes(bytes(512) + vhd.footer(_MIB, _ID))
    with pytest.raises(ValueError, match="the file has 512"):
        vhd.read_footer(path)


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not installed")
def test_qemu_reads_the_file_as_a_vhd_of_that_size(tmp_path: Path) -> None:
    path = tmp_path / "disk.vhd"
    vhd.write_fixed(path, 30 * _MIB, {0: b"x"}, unique_id=_ID)
    raw = tmp_path / "disk.raw"
    info = json.loads(subprocess.check_output(["qemu-img", "info", "-f", "vpc", "--output=json", str(path)]))
    subprocess.check_call(["qemu-img", "convert", "-f", "vpc", "-O", "raw", str(path), str(raw)])

    assert info["format"] == "vpc"
    assert raw.read_bytes()[:2] == b"x\0"
