from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from devkit.local import lock

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_holder_is_refused_and_told_who_holds(tmp_path: Path) -> None:
    with lock.hold(tmp_path), pytest.raises(lock.AlreadyRunning, match=rf"process {os.getpid()}"), lock.hold(tmp_path):
        pytest.fail("two held the lock")


def test_a_refused_holder_leaves_the_first_ones_name(tmp_path: Path) -> None:
    with lock.hold(tmp_path):
        for _ in range(2):
            with pytest.raises(lock.AlreadyRunning, match=rf"process {os.getpid()}"), lock.hold(tmp_path):
                pytest.fail("two held the lock")


def test_the_end_of_the_holder_frees_the_folder(tmp_path: Path) -> None:
    for _ in range(2):
        with lock.hold(tmp_path):
            assert lock.is_held(tmp_path)
    assert not lock.is_held(tmp_path)


def test_a_folder_that_nobody_ever_held_is_free(tmp_path: Path) -> None:
    assert not lock.is_held(tmp_path / "none")
