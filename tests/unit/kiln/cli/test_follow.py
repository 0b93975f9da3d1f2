from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiln.cli.faults import Failure, Refused, Unreachable, Untrusted
from kiln.cli.follow import LONGEST_LOOK, LONGEST_RETRY, PATIENCE, Seen, Trouble, follow
from kiln.cli.views import RunView
from tests.unit.kiln.cli import scenes

if TYPE_CHECKING:
    from collections.abc import Callable


def seen(properties: dict[str, object]) -> RunView:
    return RunView.parse({"name": "1", "properties": properties})


UNDER_WAY = seen(scenes.running("stage"))
OVER = seen(scenes.over("Succeeded"))


def looks(*answers: RunView | Failure) -> Callable[[], RunView]:
    coming = iter(answers)

    def look() -> RunView:
        answer = next(coming)
        if isinstance(answer, Failure):
            raise answer
        return answer

    return look


def test_a_run_that_does_not_change_is_told_once_and_looked_at_ever_less_often() -> None:
    naps: list[float] = []

    events = list(follow(looks(*[UNDER_WAY] * 20, OVER), naps.append))

    assert events == [Seen(UNDER_WAY), Seen(OVER)]
    assert naps == sorted(naps)
    assert naps[-1] == LONGEST_LOOK


def test_after_trouble_the_run_is_told_again() -> None:
    away = Unreachable("away")

    events = list(follow(looks(UNDER_WAY, away, UNDER_WAY, OVER), lambda _: None))

    assert events == [Seen(UNDER_WAY), Trouble("away", 1.0), Seen(UNDER_WAY), Seen(OVER)]


def test_patience_ends() -> None:
    naps: list[float] = []

    with pytest.raises(Unreachable):
        list(follow(looks(*[Unreachable("away")] * 100), naps.append))

    assert max(naps) == LONGEST_RETRY
    assert PATIENCE <= sum(naps) < PATIENCE + LONGEST_RETRY


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_busy_server_is_waited_for(status: int) -> None:
    busy = Refused("busy", status=status, detail=None)

    events = list(follow(looks(busy, OVER), lambda _: None))

    assert events == [Trouble("busy", 1.0), Seen(OVER)]


@pytest.mark.parametrize("failure", [Refused("gone", status=404, detail=None), Untrusted("who?", hint="")])
def test_what_waiting_does_not_fix_ends_it_at_once(failure: Failure) -> None:
    with pytest.raises(type(failure)):
        list(follow(looks(UNDER_WAY, failure), lambda _: None))
