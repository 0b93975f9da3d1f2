from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiln.planner.scripts import files
from tests.unit.kiln.planner.scripts.guest import run, served
from tests.unit.kiln.planner.scripts.hostile import CANARY, HOSTILE

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_lands_at_its_destination_whatever_that_is_called(tmp_path: Path, name: str) -> None:
    destination = tmp_path / "a new" / name / name
    url = served(tmp_path, b"content\n")

    result = run(files.linux_file(str(destination)), tmp_path, KILN_ARTIFACT_URL=url)

    assert result.returncode == 0, result.stdout
    assert destination.read_bytes() == b"content\n"
    assert list(destination.parent.iterdir()) == [destination]
    assert not (tmp_path / CANARY).exists()


def test_a_file_replaces_the_one_that_was_there(tmp_path: Path) -> None:
    destination = tmp_path / "motd"
    destination.write_text("old and longer")

    run(files.linux_file(str(destination)), tmp_path, KILN_ARTIFACT_URL=served(tmp_path, b"new\n"))

    assert destination.read_bytes() == b"new\n"


def test_a_file_that_cannot_be_fetched_leaves_what_was_there(tmp_path: Path) -> None:
    destination = tmp_path / "directory" / "file"
    destination.parent.mkdir()
    destination.write_text("old")

    result = run(files.linux_file(str(destination)), tmp_path, KILN_ARTIFACT_URL="file:///does/not/exist")

    assert result.returncode != 0
    assert destination.read_text() == "old"
