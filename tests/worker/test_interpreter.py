"""The search for Microsoft's worker's Python: it is found where it is, and others of its name are passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.worker import interpreter
from tests.worker.interpreter import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _looked_for_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))  # beside which there is no uv
    interpreter.interpreter.cache_clear()
    yield
    interpreter.interpreter.cache_clear()


def python(folder: Path, says: str, code: int = 0) -> Path:
    folder.mkdir(parents=True)
    file = folder / f"python{VERSION}"
    file.write_text(f"#!/bin/sh\necho {says}\nexit {code}\n")
    file.chmod(0o755)
    return file


def test_a_shim_that_fails_and_another_version_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = python(tmp_path / "shims", VERSION, code=127)
    other = python(tmp_path / "other", "3.12")
    right = python(tmp_path / "pyenv" / "versions" / f"{VERSION}.0" / "bin", VERSION)
    monkeypatch.setenv("PATH", f"{shim.parent}:{other.parent}:/usr/bin:/bin")

    assert interpreter.interpreter() == right


def test_where_there_is_none_the_reason_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert interpreter.interpreter() is None
    assert f"no Python {VERSION}" in interpreter.absence()
