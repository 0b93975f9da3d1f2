from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from devkit.atomic import write_atomically

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_with_the_permissions_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"old")
    write_atomically(file, b"new", mode=0o600)
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_replacement_that_fails_leaves_nothing_beside_the_old_content(tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(folder, b"new", mode=0o600)
    assert list(tmp_path.iterdir()) == [folder]
