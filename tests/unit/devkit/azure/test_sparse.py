from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from devkit.azure.sparse import Pieces

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


def cut(source: Path) -> list[tuple[int, bytes]]:
    with Pieces(source) as pieces:
        return list(iter(pieces.take, None))


@pytest.mark.parametrize("sparse", [True, False])
def test_the_pieces_are_the_data_and_nothing_but_it(tmp_path: Path, *, sparse: bool) -> None:
    content = {0: b"a" * 512, 3 * MIB: b"b" * (5 * MIB), 20 * MIB + 512: b"c" * 1024}
    size = 32 * MIB + 512
    file = tmp_path / "disk"
    with file.open("wb") as disk:
        if not sparse:
            disk.write(bytes(size))
        disk.truncate(size)
        for offset, data in content.items():
            disk.seek(offset)
            disk.write(data)
        disk.seek(size - 512)
        disk.write(b"footer".ljust(512))
    pieces = cut(file)
    rebuilt = bytearray(size)
    for offset, data in pieces:
        assert offset % 512 == len(data) % 512 == 0
        assert len(data) <= 4 * MIB
        rebuilt[offset : offset + len(data)] = data
    assert bytes(rebuilt) == file.read_bytes()
    assert sum(len(data) for _, data in pieces) < 6 * MIB


def test_an_empty_disk_has_no_pieces(tmp_path: Path) -> None:
    file = tmp_path / "disk"
    with file.open("wb") as disk:
        disk.truncate(8 * MIB)
    assert cut(file) == []
