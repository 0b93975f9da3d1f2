"""Every rule of a rebuild, in its order: reasons to skip it, to wait and for how long, to start."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kiln.rebuild.claims import Claimed, Waiting
from kiln.rebuild.decide import LONGEST_PAUSE, Skip, Start, Version, Wait, decide, pause
from kiln.runs.lineage import short_name
from kiln.runs.record import ProvisioningState
from kiln.runs.trigger_health import Health
from tests.unit.kiln.rebuild.some_facts import NOTHING_KNOWN, NOW, TEMPLATE, some_facts, trigger

HOUR = timedelta(hours=1)
OTHERS = tuple(f"{number:08x}" for number in range(10))


def claimed(version: str, by: str = "other") -> Any:
    return NOTHING_KNOWN.model_copy(
        update={"claimed": Claimed(version=version, by=by, run_id="20261122-110000-00000001", at=NOW - HOUR)}
    )


def waiting(version: str, by: str = "other", *, decided: bool = True, left: timedelta = HOUR) -> Any:
    held = Waiting(version=version, by=by, since=NOW - HOUR, until=NOW + left, decided=decided)
    return NOTHING_KNOWN.model_copy(update={"waiting": held})


def test_where_nothing_stands_against_it_a_build_starts() -> None:
    assert decide(some_facts()) == Start()


SKIPPED: list[tuple[str, dict[str, Any]]] = [
    ("the template is Deleting", {"state": ProvisioningState.DELETING}),
    ("the template is Failed", {"state": ProvisioningState.FAILED}),
    ("follows another source", {"follows": "gallery/x"}),
    ("follows another source", {"follows": None}),
    ("not enabled", {"trigger": trigger(enabled=False)}),
    ("deactivated after 5 failures", {"health": Health(failures=5, limit=5)}),
    ("not one of 2.*", {"trigger": trigger(versionFilter="2.*")}),
    ("excluded from latest", {"version": Version(name="1.0.2", excluded=True)}),
    ("not in westeurope yet", {"version": Version(name="1.0.2", regions=("northeurope",))}),
    ("was made by the template itself", {"version": Version(name="1.0.2", maker=TEMPLATE.key)}),
    ("was built from an image of this very", {"version": Version(name="1.0.2", lineage=("0", short_name(TEMPLATE)))}),
    ("the last of 10 images", {"version": Version(name="1.0.2", lineage=OTHERS)}),
    ("older than the trigger", {"version": Version(name="1.0.2", published=NOW - timedelta(days=2))}),
    ("built from version 1.0.2", {"built": "1.0.2"}),
    ("built from version 1.0.10", {"built": "1.0.10"}),
    ("was made for version 1.0.2", {"record": claimed("1.0.2")}),
    ("was made for version 1.10.0", {"record": claimed("1.10.0")}),
    ("waits with version 1.0.2", {"record": waiting("1.0.2")}),
    ("waits with version 1.0.3", {"record": waiting("1.0.3")}),
]


@pytest.mark.parametrize(("reason", "changed"), SKIPPED, ids=[reason for reason, _ in SKIPPED])
def test_a_version_is_skipped_because(reason: str, changed: dict[str, Any]) -> None:
    decision = decide(some_facts(**changed))

    assert isinstance(decision, Skip)
    assert reason in decision.reason


WAITING: list[tuple[str, timedelta, dict[str, Any]]] = [
    ("the batch window is open", HOUR, {"trigger": trigger(batchWindow="PT1H")}),
    (
        "the batch window is open",
        timedelta(minutes=30),
        {"trigger": trigger(batchWindow="PT1H30M"), "record": waiting("1.0.2", by="me")},
    ),
    (
        "has not cooled down",
        timedelta(minutes=50),
        {"trigger": trigger(coolDown="PT1H"), "ended": NOW - timedelta(minutes=10)},
    ),
    ("the template is Updating", pause(0), {"state": ProvisioningState.UPDATING}),
    ("run r1 is going", pause(3), {"going": "r1", "attempt": 3}),
    ("left, right will make a version of the same source", pause(0), {"producers": ("left", "right")}),
    ("about to be decided on", pause(0), {"record": waiting("1.0.2", decided=False)}),
]


@pytest.mark.parametrize(("reason", "rest", "changed"), WAITING, ids=[item[0] for item in WAITING])
def test_a_version_waits_because(reason: str, rest: timedelta, changed: dict[str, Any]) -> None:
    decision = decide(some_facts(**changed))

    assert isinstance(decision, Wait)
    assert reason in decision.reason
    assert decision.pause == rest


@pytest.mark.parametrize(
    "changed",
    [
        {"built": "1.0.1"},
        {"record": claimed("1.0.1")},
        {"record": waiting("1.0.1")},
        {"record": waiting("1.0.2", left=timedelta())},
        {"trigger": trigger(versionFilter=">=1.0.2 <2")},
        {"version": Version(name="1.0.2", regions=("northeurope", "westeurope"), maker="sub/rg/other", lineage=("a",))},
        {"version": Version(name="1.0.2", published=NOW)},
        {"trigger": trigger(coolDown="PT1H"), "ended": NOW - HOUR},
        {"trigger": trigger(batchWindow="PT1H"), "record": waiting("1.0.2", by="me")},
        {"health": Health(failures=4, limit=5)},
    ],
    ids=str,
)
def test_a_build_starts_although(changed: dict[str, Any]) -> None:
    assert decide(some_facts(**changed)) == Start()


def test_what_is_against_a_build_comes_before_what_it_waits_for() -> None:
    both = some_facts(trigger=trigger(coolDown="PT1H", enabled=False), ended=NOW, going="r1")

    assert isinstance(decide(both), Skip)


def test_feeders_are_waited_for_no_longer_than_a_build_takes() -> None:
    held = Waiting(version="1.0.2", by="me", since=NOW - 4 * HOUR, until=NOW + HOUR)
    patient = some_facts(producers=("left",), record=NOTHING_KNOWN.model_copy(update={"waiting": held}))

    assert decide(patient) == Start()
    assert isinstance(decide(replace(patient, now=NOW - timedelta(seconds=1))), Wait)


def test_looks_come_less_and_less_often() -> None:
    pauses = [pause(attempt) for attempt in range(30)]

    assert pauses == sorted(pauses)
    assert pauses[-1] == pause(10**6) == LONGEST_PAUSE
