"""The replay rules of the extension, on hand-written histories."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from devkit.host.protocol import EPOCH, ActionType, Event, EventType, event, format_timestamp
from devkit.host.replay import Replay
from devkit.host.work import ActivityCall, NonDeterminismError, SubOrchestrationCall, Timer

if TYPE_CHECKING:
    from devkit.host.work import Work

SECOND = timedelta(seconds=1)
RETRY = {"firstRetryIntervalInMilliseconds": 1000, "maxNumberOfAttempts": 2}


def started(at: int = 0) -> Event:
    return event(EventType.ORCHESTRATOR_STARTED, EPOCH + at * SECOND)


def begin() -> list[Event]:
    return [started(), event(EventType.EXECUTION_STARTED, EPOCH, Name="flow", Input=None, Version=None)]


def done(task_id: int) -> Event:
    return event(EventType.TASK_COMPLETED, EPOCH, TaskScheduledId=task_id, Result="null")


def failed(task_id: int) -> Event:
    return event(EventType.TASK_FAILED, EPOCH, TaskScheduledId=task_id, Reason="no", Details="")


def fired(task_id: int) -> Event:
    return event(EventType.TIMER_FIRED, EPOCH, TimerId=task_id)


def raised(name: str) -> Event:
    return event(EventType.EVENT_RAISED, EPOCH, Name=name, Input="1")


def activity(name: str = "a", **more: Any) -> dict[str, Any]:
    return {"actionType": ActionType.CALL_ACTIVITY, "functionName": name, "input": "1", **more}


def timer(seconds: int, *, cancelled: bool = False) -> dict[str, Any]:
    fire_at = format_timestamp(EPOCH + seconds * SECOND)
    return {"actionType": ActionType.CREATE_TIMER, "fireAt": fire_at, "isCanceled": cancelled}


def wait_for(name: str) -> dict[str, Any]:
    return {"actionType": ActionType.WAIT_FOR_EXTERNAL_EVENT, "externalEventName": name}


def all_of(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"actionType": ActionType.WHEN_ALL, "compoundActions": list(actions)}


def any_of(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"actionType": ActionType.WHEN_ANY, "compoundActions": list(actions)}


def replay(actions: list[dict[str, Any]], events: list[Event]) -> Replay:
    walked = Replay(
        actions, "execution", has_activity=lambda name: name != "nobody", has_orchestrator=lambda name: name != "nobody"
    )
    walked.run([*begin(), *events])
    return walked


def recorded(work: Work) -> Event:
    return work.recorded(EPOCH)


A0, A1 = ActivityCall(0, "a", "1"), ActivityCall(1, "a", "1")


def test_each_action_waits_for_the_one_before() -> None:
    actions = [activity(), activity()]
    assert replay(actions, []).new_work == [A0]
    assert replay(actions, [recorded(A0)]).new_work == []
    assert replay(actions, [recorded(A0), done(0)]).new_work == [A1]
    end = replay(actions, [recorded(A0), done(0), recorded(A1), failed(1)])
    assert (end.new_work, end.finished) == ([], True)


def test_all_of_a_fan_out_starts_at_once_and_all_of_it_is_awaited() -> None:
    actions = [all_of(activity(), activity()), activity("b")]
    assert replay(actions, []).new_work == [A0, A1]
    assert replay(actions, [recorded(A0), recorded(A1), failed(1)]).new_work == []
    after = replay(actions, [recorded(A0), recorded(A1), failed(1), done(0)])
    assert after.new_work == [ActivityCall(2, "b", "1")]


def test_the_first_of_any_goes_on_and_an_open_loser_keeps_it_running() -> None:
    actions = [any_of(activity(), timer(9))]
    open_timer = Timer(1, EPOCH + 9 * SECOND, cancelled=False)
    events = [recorded(A0), recorded(open_timer), done(0)]
    assert not replay(actions, events).finished
    assert replay(actions, [*events, fired(1)]).finished


def test_a_cancelled_timer_is_recorded_and_does_not_keep_it_running() -> None:
    walked = replay([any_of(activity(), timer(9, cancelled=True))], [])
    assert walked.new_work == [A0, Timer(1, EPOCH + 9 * SECOND, cancelled=True)]
    assert walked.cancelled_timers == [1]
    assert replay([any_of(activity(), timer(9, cancelled=True))], [*map(recorded, walked.new_work), done(0)]).finished


def test_external_events_take_no_id_and_ignore_case() -> None:
    walked = replay([wait_for("Go"), activity()], [])
    assert (walked.new_work, walked.awaited_events) == ([], ["go"])
    assert replay([wait_for("Go"), activity()], [raised("GO")]).new_work == [A0]


def test_an_early_event_waits_for_its_waiter() -> None:
    actions = [activity(), wait_for("go"), wait_for("go")]
    one = replay(actions, [recorded(A0), raised("go"), done(0)])
    assert not one.finished
    assert replay(actions, [recorded(A0), raised("go"), raised("go"), done(0)]).finished


def test_events_after_continue_as_new_are_carried_over() -> None:
    again = {"actionType": ActionType.CONTINUE_AS_NEW, "input": "2"}
    walked = replay([wait_for("go"), again], [raised("go"), raised("go")])
    assert walked.continue_as_new == again
    assert [item["Name"] for item in walked.carried] == ["go"]


def test_a_retry_waits_then_tries_again_and_waits_once_more_at_the_end() -> None:
    actions = [all_of(activity(actionType=ActionType.CALL_ACTIVITY_WITH_RETRY, retryOptions=RETRY))]
    pause = Timer(1, EPOCH + 6 * SECOND, cancelled=False)
    events = [recorded(A0), started(5), failed(0)]
    assert replay(actions, events).new_work == [pause]
    events += [recorded(pause), started(6), fired(1)]
    second = ActivityCall(2, "a", "1")
    assert replay(actions, events).new_work == [second]
    assert replay(actions, [*events, recorded(second), done(2)]).finished
    events += [recorded(second), started(7), failed(2)]
    last = Timer(3, EPOCH + 7 * SECOND, cancelled=False)
    assert replay(actions, events).new_work == [last]
    assert replay(actions, [*events, recorded(last), fired(3)]).finished


def test_a_child_without_an_id_gets_one_from_its_parents_execution() -> None:
    action = {"actionType": ActionType.CALL_SUB_ORCHESTRATOR, "functionName": "c", "input": "1"}
    assert replay([action], []).new_work == [SubOrchestrationCall(0, "c", "execution:0", "1", None)]
    named = replay([action | {"instanceId": "mine"}], []).new_work
    assert named == [SubOrchestrationCall(0, "c", "mine", "1", None)]


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (activity("nobody"), "'nobody' doesn't exist, is disabled, or is not an activity function"),
        (
            {"actionType": ActionType.CALL_SUB_ORCHESTRATOR, "functionName": "nobody"},
            "is not an orchestrator function",
        ),
        ({"actionType": ActionType.CALL_HTTP, "httpRequest": {}}, "does not serve call_http"),
        ({"actionType": ActionType.CALL_ENTITY}, "does not serve call_entity"),
        ({"actionType": ActionType.SIGNAL_ENTITY}, "does not serve signal_entity"),
    ],
)
def test_what_cannot_be_done_is_an_error_of_the_orchestration(action: dict[str, Any], reason: str) -> None:
    walked = replay([action, activity()], [])
    assert reason in (walked.error or "")
    assert (walked.new_work, walked.finished) == ([], True)


def test_a_history_that_the_code_no_longer_produces_is_refused() -> None:
    with pytest.raises(NonDeterminismError, match=r"records activity 'a'.*now schedules activity 'b'"):
        replay([activity("b")], [recorded(A0)])
    with pytest.raises(NonDeterminismError, match="schedules nothing there"):
        replay([activity()], [recorded(A0), recorded(A1)])


def test_cancelling_the_timer_that_a_retry_races_shifts_ids_and_is_refused() -> None:
    """A hazard of the protocol: with its timer cancelled, any_of no longer waits for the retries."""
    retried = activity(actionType=ActionType.CALL_ACTIVITY_WITH_RETRY, retryOptions=RETRY)
    race = Timer(1, EPOCH + 30 * SECOND, cancelled=False)
    pause = Timer(2, EPOCH + 1 * SECOND, cancelled=False)
    second = ActivityCall(3, "a", "1")
    history = [recorded(A0), recorded(race), failed(0), recorded(pause), fired(2), recorded(second), done(3)]
    open_race = [any_of(all_of(retried), timer(30)), activity("after")]
    assert replay(open_race, history).new_work == [ActivityCall(4, "after", "1")]
    cancelled_race = [any_of(all_of(retried), timer(30, cancelled=True)), activity("after")]
    with pytest.raises(NonDeterminismError):
        replay(cancelled_race, history)
