"""Fixed VHD files: data as it is, then a 512-byte footer.

Source: Virtual Hard Disk Image Format Specification (Microsoft, 2006).
It owns the footer and sparse writing; it must not know what is on a disk.
"""

from __future__ import annotations

import os
import struct
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOOTER_SIZE = 512
SECTOR = 512
_FOOTER = struct.Struct(">8sIIQI4sI4sQQHBBII16sB427x")
_COOKIE = b"conectix"
_NO_FEATURES = 0x00000002  # a reserved bit that is always set
_VERSION_1_0 = 0x00010000
_NO_DYNAMIC_HEADER = 0xFFFFFFFFFFFFFFFF
_FIXED = 2
_CHECKSUM_FIELD = slice(64, 68)
_CREATOR = b"kiln"
_CREATOR_OS = b"Wi2k"
_MAX_HEADS = 16
_MAX_GEOMETRY = 65535 * _MAX_HEADS * 255


@dataclass(frozen=True)
class VhdFooter:
    """Fields of a valid footer. `virtual_size` is in bytes."""

    virtual_size: int
    unique_id: uuid.UUID


def geometry(size: int) -> tuple[int, int, int]:
    """Return cylinders, heads and sectors per track for a disk of `size` bytes, by the specification's appendix."""
    sectors = min(size // SECTOR, _MAX_GEOMETRY)
    if sectors >= 65535 * _MAX_HEADS * 63:
        per_track, heads = 255, _MAX_HEADS
        return sectors // per_track // heads, heads, per_track
    per_track = 17
    heads = max((sectors // per_track + 1023) // 1024, 4)
    if sectors // per_track >= heads * 1024 or heads > _MAX_HEADS:
        per_track, heads = 31, _MAX_HEADS
    if sectors // per_track >= heads * 1024:
        per_track, heads = 63, _MAX_HEADS
    return sectors // per_track // heads, heads, per_track


def footer(size: int, unique_id: uuid.UUID) -> bytes:
    """Return the footer of a fixed disk of `size` bytes. Its time stamp is the format's epoch, always."""
    packed = _FOOTER.pack(
        _COOKIE,
        _NO_FEATURES,
        _VERSION_1_0,
        _NO_DYNAMIC_HEADER,
        0,
        _CREATOR,
        _VERSION_1_0,
        _CREATOR_OS,
        size,
        size,
        *geometry(size),
        _FIXED,
        0,
        unique_id.bytes,
        0,
    )
    return packed[: _CHECKSUM_FIELD.start] + struct.pack(">I", _checksum(packed)) + packed[_CHECKSUM_FIELD.stop :]


def read_footer(path: Path) -> VhdFooter:
    """Read and check a fixed VHD's footer; raises ValueError if it is not one."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) < FOOTER_SIZE:
            raise ValueError(f"{path} is too small for a VHD")
        data_size = file.seek(-FOOTER_SIZE, os.SEEK_END)
        raw = file.read(FOOTER_SIZE)
    fields = _FOOTER.unpack(raw)
    cookie, current_size, disk_type, checksum, unique_id = fields[0], fields[9], fields[13], fields[14], fields[15]
    if cookie != _COOKIE or disk_type != _FIXED:
        raise ValueError(f"{path} is not a fixed VHD")
    if checksum != _checksum(raw):
        raise ValueError(f"{path}: the footer's checksum is wrong")
    if current_size != data_size:
        raise ValueError(f"{path}: the footer says {current_size} bytes, the file has {data_size}")
    return VhdFooter(current_size, uuid.UUID(bytes=unique_id))


def write_fixed(path: Path, size: int, content: Mapping[int, bytes], *, unique_id: uuid.UUID) -> None:
    """Write a sparse fixed VHD of `size` bytes with `content` (offset -> bytes); it appears when complete."""
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("wb") as file:
        for offset, piece in content.items():
            if offset + len(piece) > size:
                raise ValueError(f"{len(piece)} bytes at {offset} do not fit a disk of {size} bytes")
            file.seek(offset)
            file.write(piece)
        file.seek(size)
        file.write(footer(size, unique_id))
    partial.replace(path)


def _checksum(raw: bytes) -> int:
    return ~(sum(raw) - sum(raw[_CHECKSUM_FIELD])) & 0xFFFFFFFF
