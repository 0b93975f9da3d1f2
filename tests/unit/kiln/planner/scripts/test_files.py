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


def test_a_destination_that_is_a_directory_of_the_machine_is_told_as_that(tmp_path: Path) -> None:
    destination = tmp_path / "it's a folder"
    destination.mkdir()

    result = run(files.linux_file(str(destination)), tmp_path, KILN_ARTIFACT_URL=served(tmp_path, b"content\n"))

    assert result.returncode == 1
    assert result.stdout == f"{destination} {files.IS_DIRECTORY}\n"
    assert list(destination.iterdir()) == []


def test_a_destination_below_a_file_is_told_as_that(tmp_path: Path) -> None:
    above = tmp_path / "motd"
    above.write_text("old")

    result = run(files.linux_file(str(above / "a" / "b")), tmp_path, KILN_ARTIFACT_URL=served(tmp_path, b"content\n"))

    assert result.returncode == 1
    assert result.stdout.splitlines()[-1] == f"{above / 'a'} {files.NO_DIRECTORY}"
    assert above.read_text() == "old"


def test_windows_looks_for_the_directory_before_anything_is_fetched() -> None:
    script = files.windows_file("C:\\app\\settings.ini")

    assert script.index(files.IS_DIRECTORY) < script.index(files.NO_DIRECTORY) < script.index('Save-Artifact "$target')
    assert "[IO.Directory]::Exists($target)" in script
