"""Episodes: their messages, their decisions, and the errors of a changed program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from devkit.host.episode import Episode, History, decide, decide_or_fail, select
from devkit.host.protocol import EPOCH, Event, EventType, RuntimeStatus, event
from devkit.host.records import Instance, Message, Parent
from devkit.host.work import ActivityCall, NonDeterminismError
from tests.unit.devkit.host.tables import table

if TYPE_CHECKING:
    from collections.abc import Generator

SUSPEND, RESUME, TERMINATE, RAISED = (
    EventType.EXECUTION_SUSPENDED,
    EventType.EXECUTION_RESUMED,
    EventType.EXECUTION_TERMINATED,
    EventType.EVENT_RAISED,
)


@pytest.mark.parametrize(
    ("kinds", "suspended", "taken", "after"),
    [
        ([RAISED, RAISED], False, [0, 1], False),
        ([RAISED, SUSPEND, RAISED], False, [0, 1], True),
        ([RAISED], True, [], True),
        ([RAISED, RESUME, RAISED], True, [1, 0, 2], False),
        ([RAISED, TERMINATE], True, [1], True),
        ([SUSPEND, RAISED, RESUME, RAISED, SUSPEND, RAISED], False, [0, 2, 1, 3, 4], True),
    ],
)
def test_a_suspended_instance_takes_only_resume_and_terminate(
    kinds: list[EventType], *, suspended: bool, taken: list[int], after: bool
) -> None:
    messages = [Message(number, event(kind, EPOCH)) for number, kind in enumerate(kinds)]
    chosen, now_suspended = select(messages, suspended=suspended)
    assert [item.seq for item in chosen] == taken
    assert now_suspended == after


def instance(name: str, data: Any = None) -> Instance:
    return Instance(
        instance_id="i",
        name=name,
        version=None,
        runtime_status=RuntimeStatus.RUNNING,
        input=None if data is None else json.dumps(json.dumps(data)),
        output=None,
        custom_status=None,
        created=EPOCH,
        updated=EPOCH,
        execution_id="e",
        parent=Parent("p", "pe", 0),
    )


def begin(item: Instance) -> Event:
    return event(EventType.EXECUTION_STARTED, EPOCH, Name=item.name, Input=item.input, Version=None)


def episode(item: Instance, past: list[Event], new: list[Event], *, cold: bool = False) -> Episode:
    history = History()
    history.extend(past)
    messages = tuple(Message(number, message) for number, message in enumerate(new))
    return Episode(item, history, messages, suspended=False, started=EPOCH, cold=cold)


def past_of(item: Instance, *work: Any) -> list[Event]:
    """Return the recorded first episode of an instance that scheduled `work`."""
    return [
        event(EventType.ORCHESTRATOR_STARTED, EPOCH),
        begin(item),
        *(call.recorded(EPOCH) for call in work),
        event(EventType.ORCHESTRATOR_COMPLETED, EPOCH),
    ]


COMPLETED = event(EventType.TASK_COMPLETED, EPOCH, TaskScheduledId=0, Result="0")


def test_the_first_episode_schedules_the_first_work() -> None:
    item = instance("chain", 2)
    decision = decide(table(), episode(item, [], [begin(item)]))
    assert decision.work == (ActivityCall(0, "square", "0"),)
    assert decision.completion is None


def test_the_last_episode_completes_with_json_output() -> None:
    item = instance("chain", 1)
    decision = decide(table(), episode(item, past_of(item, ActivityCall(0, "square", "0")), [COMPLETED]))
    assert decision.completion == (RuntimeStatus.COMPLETED, "0")


def test_terminate_wins_over_everything() -> None:
    item = instance("chain", 1)
    ended = event(TERMINATE, EPOCH, Input='"why"')
    assert decide(table(), episode(item, [], [begin(item), ended])).completion == ("Terminated", '"why"')


def test_an_orchestrator_that_is_gone_fails_its_instances() -> None:
    item = instance("renamed")
    completion = decide(table(), episode(item, [], [begin(item)])).completion
    assert completion is not None
    assert completion.value == (
        "Orchestrator function 'renamed' failed: The function 'renamed' doesn't exist, is disabled,"
        " or is not an orchestrator function."
    )


def test_changed_code_fails_the_instance_with_both_versions_in_the_message() -> None:
    item = instance("chain", 1)
    past = past_of(item, ActivityCall(0, "cube", "0"))
    completion = decide_or_fail(table(), episode(item, past, [COMPLETED])).completion
    assert completion is not None
    assert completion.status is RuntimeStatus.FAILED
    assert "records activity 'cube' with input 0" in (completion.value or "")
    assert "now schedules activity 'square' with input 0 (different: name)" in (completion.value or "")


def test_code_that_adds_work_to_a_recorded_step_is_found_when_the_history_is_read_again() -> None:
    item = instance("fan_out", 2)
    past = past_of(item, ActivityCall(0, "square", "0"))
    assert decide(table(), episode(item, past, [COMPLETED])).work == (ActivityCall(1, "square", "1"),)
    with pytest.raises(NonDeterminismError, match="where the history records nothing"):
        decide(table(), episode(item, past, [COMPLETED], cold=True))


def test_code_that_now_raises_says_so_beside_what_the_history_records() -> None:
    def fragile(context: Any) -> Generator[Any, Any, Any]:
        raise RuntimeError("not ready")
        yield context.call_activity("echo")

    item = instance("fragile")
    with pytest.raises(NonDeterminismError, match="schedules nothing there; the code raised: not ready"):
        decide(table(fragile), episode(item, past_of(item, ActivityCall(0, "echo", None)), [COMPLETED]))


def test_a_failure_inside_the_sdk_keeps_its_cause() -> None:
    item = instance("chain", 1)
    broken = event(EventType.TASK_COMPLETED, EPOCH, TaskScheduledId=0, Result="not JSON")
    completion = decide(table(), episode(item, past_of(item, ActivityCall(0, "square", "0")), [broken])).completion
    assert completion is not None
    assert "JSONDecodeError" in (completion.value or "")
