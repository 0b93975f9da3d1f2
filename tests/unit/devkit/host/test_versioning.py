"""Versions of instances, and the hosts that run them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from devkit.host.engine import Engine
from devkit.host.protocol import RuntimeStatus
from devkit.host.store import Store
from devkit.host.versioning import MISMATCH, FailureStrategy, MatchStrategy, Versioning, newer
from tests.unit.devkit.host.tables import table

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

LONG = 30.0


def family(context: Any) -> Generator[Any, Any, Any]:
    """Return the instance's version, and those of two children: one that is given one, and one that is not."""
    yield context.wait_for_external_event("go")
    given = yield context.call_sub_orchestrator("told", None, None, context.version)
    left_out = yield context.call_sub_orchestrator("told")
    return [context.version, given, left_out]


def told(context: Any) -> Generator[Any, Any, Any]:
    yield context.call_activity("echo", None)
    return context.version


def generations(context: Any) -> Generator[Any, Any, Any]:
    yield context.wait_for_external_event("go")
    if context.get_input():
        context.continue_as_new(0)
        return None
    return context.version


@contextmanager
def running(path: Path, version: str | None, **strategies: Any) -> Iterator[Engine]:
    store = Store(path)
    engine = Engine(
        table(family, told, generations),
        store,
        versioning=Versioning(version, **strategies),
    )
    engine.start()
    try:
        yield engine
    finally:
        assert engine.stop(LONG)
        store.close()


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("2.0", "1.0", True),
        ("1.0", "1.0", False),
        ("1.0", "2.0", False),
        ("10.0", "9.0", True),
        ("1.0.0", "1.0", True),  # System.Version: a missing number is less than 0
        ("1.0", None, True),
        (" ", "", False),
        (None, None, False),
        (None, "0.0", False),
        ("v2", "V1-release", True),
        ("v1", "V1", False),
        ("10", "9", False),  # one number is no System.Version: compared as text
        ("a_", "aZ", True),
    ],
)
def test_newer(one: str | None, other: str | None, *, expected: bool) -> None:
    assert newer(one, other) is expected


@pytest.mark.parametrize(
    ("strategy", "taken"),
    [
        (MatchStrategy.NONE, {None, "1.0", "2.0", "3.0"}),
        (MatchStrategy.STRICT, {"2.0"}),
        (MatchStrategy.CURRENT_OR_OLDER, {None, "1.0", "2.0"}),
    ],
)
def test_strategies(strategy: MatchStrategy, taken: set[str | None]) -> None:
    host = Versioning("2.0", strategy)
    assert {version for version in (None, "1.0", "2.0", "3.0") if host.takes(version)} == taken


def test_a_host_without_a_version_takes_what_has_none() -> None:
    assert Versioning().takes(None)
    assert not Versioning().takes("1.0")
    assert Versioning(match=MatchStrategy.STRICT).takes("")


def test_what_runs_survives_a_newer_host_in_its_own_version(tmp_path: Path) -> None:
    with running(tmp_path / "db", "1.0") as old:
        old.start_new("family", "i")
    with running(tmp_path / "db", "2.0") as new:
        new.start_new("told", "later")
        new.start_new("told", "named", version="1.5")
        new.raise_event("i", "go", "1")
        # A child that is given no version gets that of the host that creates it.
        assert new.wait("i", LONG).output == '["1.0", "1.0", "2.0"]'
        assert new.wait("later", LONG).output == '"2.0"'
        assert new.wait("named", LONG).output == '"1.5"'


def test_generations_keep_the_version_and_a_restart_has_the_hosts(tmp_path: Path) -> None:
    with running(tmp_path / "db", "1.0") as old:
        old.start_new("generations", "i", '"1"')
        old.start_new("told", "done")
        old.wait("done", LONG)
    with running(tmp_path / "db", "2.0") as new:
        new.raise_event("i", "go", "1")
        new.raise_event("i", "go", "1")
        assert new.wait("i", LONG).output == '"1.0"'
        assert new.wait(new.restart("done"), LONG).output == '"2.0"'


def test_an_older_host_leaves_newer_instances_to_a_newer_one_that_is_up_as_well(tmp_path: Path) -> None:
    with running(tmp_path / "db", "1.0") as old:
        old.start_new("told", "i", version="2.0")
        old.terminate("i", "an older host does not do even that")
        assert old.wait(old.start_new("told"), LONG).output == '"1.0"'
        old.start_new("told", "j", version="2.0")
        with running(tmp_path / "db", "2.0") as new:
            assert new.wait("i", LONG).runtime_status is RuntimeStatus.TERMINATED
            assert new.wait("j", LONG).output == '"2.0"'


def test_a_host_that_went_back_to_an_older_version_waits_for_the_newer_one(tmp_path: Path) -> None:
    with running(tmp_path / "db", "2.0") as new:
        new.start_new("generations", "i", '"0"')
    with running(tmp_path / "db", "1.0") as old:
        old.raise_event("i", "go", "1")
    with running(tmp_path / "db", "2.0") as new:
        assert new.wait("i", LONG).output == '"2.0"'


def test_fail_ends_what_the_host_does_not_run(tmp_path: Path) -> None:
    with running(tmp_path / "db", "1.0", failure=FailureStrategy.FAIL) as old:
        old.start_new("told", "i", version="2.0")
        ended = old.wait("i", LONG)
        assert (ended.runtime_status, ended.output) == (RuntimeStatus.FAILED, MISMATCH)
        assert old.wait(old.start_new("told"), LONG).output == '"1.0"'
