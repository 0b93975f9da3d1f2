"""Signatures of functions that the worker loads, and those that it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from devkit.host.app import AppError, load_app
from tests.unit.devkit.host.signature_cases import ACCEPTED, HEAD, REFUSED

if TYPE_CHECKING:
    from pathlib import Path


def load(folder: Path, code: str) -> None:
    (folder / "function_app.py").write_text(HEAD + code)
    load_app(folder)


@pytest.mark.parametrize("code", ACCEPTED)
def test_what_the_worker_loads_is_loaded(tmp_path: Path, code: str) -> None:
    load(tmp_path, code)


@pytest.mark.parametrize(("code", "reason"), REFUSED)
def test_what_the_worker_does_not_load_is_refused_by_name(tmp_path: Path, code: str, reason: str) -> None:
    with pytest.raises(AppError) as caught:
        load(tmp_path, code)
    assert str(caught.value).startswith("function 'f' ")
    assert reason in str(caught.value)
