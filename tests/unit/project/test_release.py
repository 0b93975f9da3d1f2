from __future__ import annotations

import configparser
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pytest

from devkit.supply_chain import release as releases
from devkit.supply_chain.release import SUMS, make
from kiln.cli import plugins, sign_in, trust
from tests.unit.project.files import ROOT, read, tracked

if TYPE_CHECKING:
    from pathlib import Path

VERSION = tomllib.loads(read("pyproject.toml"))["project"]["version"]
WHEEL, SOURCE = f"kiln-{VERSION}-py3-none-any.whl", f"kiln-{VERSION}-source.tar.gz"
BILLS = f"kiln-{VERSION}-app.cdx.json", f"kiln-{VERSION}-command.cdx.json"
NOT_COMMITTED = "kiln/left_lying_about.py"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose one commit is the working tree, with a file beside it that is not committed."""
    root = tmp_path_factory.mktemp("repository")
    for path in tracked():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, root / path)
    me = {
        f"GIT_{role}_{what}": "somebody@example.com" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    for command in (["init", "-q"], ["add", "--all"], ["commit", "-q", "-m", "All of it"]):
        subprocess.run(["git", *command], cwd=root, check=True, env={**os.environ, **me})
    (root / NOT_COMMITTED).touch()
    return root


@pytest.fixture(scope="module")
def release(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    (folder / "of-an-earlier-one.whl").touch()
    make(repository, folder)
    return folder


def test_a_release_is_a_wheel_the_source_two_bills_and_their_sums(release: Path) -> None:
    assert {path.name for path in release.iterdir()} == {WHEEL, SOURCE, *BILLS, SUMS}
    sums = {line.split("  ")[1]: line.split("  ")[0] for line in (release / SUMS).read_text().splitlines()}
    made = (WHEEL, SOURCE, *BILLS)
    assert sums == {name: hashlib.sha256((release / name).read_bytes()).hexdigest() for name in made}
    for name in BILLS:
        assert json.loads((release / name).read_text())["metadata"]["component"]["version"] == VERSION


def test_the_same_commit_gives_the_same_bytes(repository: Path, release: Path, tmp_path: Path) -> None:
    make(repository, tmp_path)

    assert (tmp_path / SUMS).read_text() == (release / SUMS).read_text()


def test_the_wheel_is_the_library_and_nothing_else(release: Path) -> None:
    names = set(zipfile.ZipFile(release / WHEEL).namelist())
    information = f"kiln-{VERSION}.dist-info"

    assert {name.split("/")[0] for name in names} == {"kiln", information}
    library = {name for name in names if not name.startswith(information)}
    assert library == {path for path in tracked() if path.startswith("kiln/")}
    assert "kiln/py.typed" in library


def test_what_an_earlier_build_left_gets_into_no_wheel(repository: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(repository, tree)
    left = tree / "build" / "lib" / "kiln" / "of_an_earlier_version.py"
    left.parent.mkdir(parents=True)
    left.touch()

    names = zipfile.ZipFile(releases._wheel(tree, tmp_path, epoch="1700000000")).namelist()

    assert "kiln/py.typed" in names
    assert [name for name in names if left.name in name] == []
    assert [path for path in (tree / "build").rglob("*") if path.is_file()] == [left]


def test_the_wheel_has_one_command_and_the_licence(release: Path) -> None:
    with zipfile.ZipFile(release / WHEEL) as wheel:
        information = f"kiln-{VERSION}.dist-info"
        entries = configparser.ConfigParser()
        entries.read_string(wheel.read(f"{information}/entry_points.txt").decode())
        metadata = Parser().parsestr(wheel.read(f"{information}/METADATA").decode())
        licence = wheel.read(f"{information}/licenses/LICENSE").decode()

    assert {group: dict(entries[group]) for group in entries.sections()} == {
        "console_scripts": {"kiln": "kiln.cli.main:main"}
    }
    assert (metadata["Name"], metadata["Version"], metadata["License-Expression"]) == ("kiln", VERSION, "MIT")
    assert licence == read("LICENSE")


def test_the_source_is_what_is_committed(release: Path) -> None:
    with tarfile.open(release / SOURCE) as archive:
        files = {member.name.removeprefix(f"kiln-{VERSION}/") for member in archive if not member.isdir()}

    assert files == set(tracked())
    assert NOT_COMMITTED not in files


def test_the_source_lists_its_files_without_git(release: Path, tmp_path: Path) -> None:
    with tarfile.open(release / SOURCE) as archive:
        archive.extractall(tmp_path, filter="data")
    root = tmp_path / f"kiln-{VERSION}"
    for made in (".venv/lib/made.py", "kiln/__pycache__/made.pyc", "kiln.egg-info/PKG-INFO"):
        (root / made).parent.mkdir(parents=True, exist_ok=True)
        (root / made).touch()

    assert tracked(root) == sorted(tracked())


def test_a_checkout_adds_its_commands_where_kiln_looks_for_them() -> None:
    groups = tomllib.loads(read("devkit/pyproject.toml"))["project"]["entry-points"]

    assert set(groups) == {plugins.GROUP, sign_in.GROUP, trust.GROUP}
    for group, entries in groups.items():
        for name, value in entries.items():
            assert callable(EntryPoint(name, value, group).load())
