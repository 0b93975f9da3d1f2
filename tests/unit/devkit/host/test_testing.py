"""The flow test harness, on every kind of action."""

from __future__ import annotations

import itertools
import threading
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from devkit.host.testing import FlowError, FlowRunner, HostDied, NonDeterminismError, RuntimeStatus
from tests.unit.devkit.host import sample_flows

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


def flaky(failures: int) -> Callable[[Any], str]:
    attempts = itertools.count(1)

    def run(_payload: Any) -> str:
        attempt = next(attempts)
        if attempt <= failures:
            raise ValueError(f"attempt {attempt}")
        return f"attempt {attempt} worked"

    return run


def runner(**options: Any) -> FlowRunner:
    activities: dict[str, Callable[[Any], Any]] = {
        "echo": lambda payload: payload,
        "square": lambda payload: payload * payload,
        "flaky": flaky(0),
        "explode": flaky(99),
    }
    activities |= options.pop("activities", {})
    return FlowRunner([sample_flows.bp], activities, **options)


def test_a_chain_runs_its_activities_in_order() -> None:
    result = runner().run("chain", 5)
    assert result.status is RuntimeStatus.COMPLETED
    assert result.output == 30
    assert [call.input for call in result.calls] == [0, 1, 2, 3, 4]
    assert result.elapsed == timedelta()


def test_fan_out_waits_for_all() -> None:
    result = runner().run("fan_out", 20)
    assert result.output == sum(n * n for n in range(20))
    assert len(result.calls_of("square")) == 20


def test_children_get_their_own_history_and_know_their_parent() -> None:
    result = runner().run("parent", instance_id="p")
    named, unnamed = result.output
    assert named == {"result": 9, "parent": "p", "me": "p-child"}
    assert unnamed["result"] == 16
    assert set(result.histories) == {"p", "p-child", unnamed["me"]}


def test_a_finished_child_of_the_same_id_is_overwritten() -> None:
    flows = runner()
    flows.run("parent", instance_id="p")
    again = flows.run("parent", instance_id="p")
    assert again.output[0]["me"] == "p-child"
    assert len(flows.calls) == 4


def test_a_timer_that_wins_makes_virtual_hours_pass() -> None:
    result = runner().run("event_or_timeout", 8)
    assert result.output == "timeout"
    assert result.elapsed == timedelta(hours=8)


def test_a_cancelled_timer_takes_no_time() -> None:
    flow = runner().start("event_or_timeout", 8)
    flow.raise_event("approve", {"by": "me"})
    result = flow.finish()
    # The SDK's client encodes event data twice, so the orchestrator gets JSON text.
    assert result.output == {"approved": '{"by": "me"}', "after": "after"}
    assert result.elapsed == timedelta()


def test_an_event_can_be_sent_as_a_plain_http_client_does() -> None:
    flow = runner().start("event_or_timeout", 8)
    flow.raise_event("approve", {"by": "me"}, as_client=False)
    assert flow.finish().output["approved"] == {"by": "me"}


def test_an_early_event_is_kept_until_somebody_waits() -> None:
    flow = runner().start("sleep_then_wait")
    flow.raise_event("go", "early", as_client=False)
    result = flow.finish()
    assert result.output == "early"
    assert result.elapsed == timedelta(minutes=5)
    assert result.custom_status == "waiting"


def test_a_wait_that_nobody_ends_is_reported_with_what_it_waits_for() -> None:
    with pytest.raises(FlowError, match=r"nothing left to do: sleep_then_wait 'x' is Running, waits .* go"):
        runner().run("sleep_then_wait", instance_id="x")


def test_an_open_timer_keeps_the_instance_running() -> None:
    flow = runner().start("open_timer")
    flow.raise_event("go")
    assert flow.finish().elapsed == timedelta(hours=3)


def test_continue_as_new_starts_a_fresh_history() -> None:
    result = runner().run("countdown", 3)
    assert result.output == "lift-off"
    assert [call.input for call in result.calls] == [3, 2, 1, 0]
    assert len(result.histories[result.instance_id]) < 10


def test_events_survive_continue_as_new() -> None:
    flow = runner().start("collect", [])
    for item in (1, 2, 3):
        flow.raise_event("item", item, as_client=False)
        flow.run_until(lambda: len(flow.history) == 3 or flow.status.terminal)
    assert flow.finish().output == [1, 2, 3]


def test_a_retried_activity_waits_between_attempts() -> None:
    result = runner(activities={"flaky": flaky(2)}).run("retried")
    assert result.output == "attempt 3 worked"
    assert [call.at - result.started for call in result.calls] == [timedelta(minutes=n) for n in range(3)]


def test_a_retried_activity_gives_up_after_the_last_attempt() -> None:
    result = runner(activities={"flaky": flaky(3)}).run("retried")
    assert result.status is RuntimeStatus.FAILED
    assert result.error is not None
    assert "ValueError: attempt 3" in result.error
    assert len(result.calls) == 3


def test_a_retried_child_overwrites_its_failed_predecessor() -> None:
    result = runner(activities={"flaky": flaky(1)}).run("retried_child", instance_id="r")
    assert result.output == "attempt 2 worked"
    assert {call.instance_id for call in result.calls} == {"r-child"}


def test_a_failure_of_a_child_can_be_caught() -> None:
    result = runner().run("catches")
    assert result.output.startswith("caught: Orchestrator function 'fails' failed: Activity function 'explode'")


def test_a_hook_acts_on_the_flow_while_an_activity_runs() -> None:
    flows = runner()
    flows.on_activity("square", lambda flow: flow.terminate("enough"), nth=3)
    result = flows.run("chain", 10)
    assert result.status is RuntimeStatus.TERMINATED
    assert result.error == "enough"
    assert len(result.calls) == 3


def test_a_hook_gets_the_root_of_a_child() -> None:
    seen: list[str] = []
    flows = runner()
    flows.on_activity("square", lambda flow: seen.append(flow.instance_id), nth=None, when="after")
    flows.run("parent", instance_id="root")
    assert seen == ["root", "root"]


def test_a_suspended_instance_goes_on_when_resumed() -> None:
    flow = runner().start("chain", 3)
    flow.run_until(lambda: len(flow.calls_of("square")) == 1)
    flow.suspend()
    with pytest.raises(FlowError, match="is Suspended"):
        flow.finish()
    flow.resume()
    assert flow.finish().output == 5


def test_a_redelivered_activity_runs_twice_and_its_second_result_counts() -> None:
    numbers = itertools.count(10)
    flows = runner(activities={"square": lambda _payload: next(numbers)})
    flows.redeliver("square", nth=1)
    result = flows.run("chain", 2)
    assert [(call.output, call.redelivered) for call in result.calls] == [(10, False), (11, True), (12, False)]
    assert result.output == 11 + 12


@pytest.mark.parametrize("name", ["parent", "countdown", "fan_out"])
def test_a_crash_between_any_two_steps_changes_nothing(name: str) -> None:
    data = None if name == "parent" else 4
    calm = runner().run(name, data, instance_id="i")
    crashed = runner(crash_every_step=True).run(name, data, instance_id="i")
    assert crashed.status == calm.status
    assert [call.input for call in crashed.calls] == [call.input for call in calm.calls]


def test_a_crash_before_an_activity_redelivers_it() -> None:
    flows = runner()
    flows.on_activity("square", lambda flow: flow.crash(), nth=2)
    result = flows.run("chain", 4)
    assert result.output == 14
    assert [call.input for call in result.calls] == [0, 1, 2, 3]


def test_a_host_that_dies_in_the_middle_of_an_activity_leaves_it_to_the_next() -> None:
    attempts = itertools.count(1)

    def square(payload: int) -> int:
        if next(attempts) == 2:
            raise HostDied
        return payload * payload

    flows = runner(activities={"square": square})
    result = flows.run("chain", 3)
    assert result.output == 5
    assert [call.input for call in result.calls] == [0, 1, 2]
    assert next(attempts) == 5


def test_an_activity_that_two_hosts_run_at_once_counts_once() -> None:
    both = threading.Barrier(2)

    def square(payload: int) -> int:
        both.wait(timeout=10)
        return payload * payload

    flows = runner(activities={"square": square})
    flows.double("square", nth=None)
    result = flows.run("chain", 3)
    assert result.output == 5
    assert sorted(call.input for call in result.calls) == [0, 0, 1, 1, 2, 2]


def test_a_timer_fires_in_time_that_passes_before_something_else_happens() -> None:
    flow = runner().start("event_or_timeout", 1)
    flow.run_until(lambda: flow.status is RuntimeStatus.RUNNING)
    flow.pass_time(timedelta(hours=2))
    flow.raise_event("approve")
    assert flow.finish().output == "timeout"


def test_the_trail_tells_what_each_step_was() -> None:
    flows = runner()
    result = flows.run("chain", 1, instance_id="c")
    assert len(flows.trail) == result.steps
    assert [(step.kind, step.name, step.instance_id) for step in flows.trail] == [
        ("episode", "chain", "c"),
        ("activity", "square", "c"),
        ("episode", "chain", "c"),
    ]


def test_after_step_acts_at_a_chosen_step() -> None:
    flows = runner()
    flow = flows.start("chain", 10)
    flows.after_step(4, lambda: flow.terminate("step 4"))
    assert flow.finish().error == "step 4"


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_results_gives_the_same_outcome(seed: int) -> None:
    flow = runner(seed=seed).start("parent", instance_id="p")
    assert [item["result"] for item in flow.finish().output] == [9, 16]


def test_an_assertion_in_a_fake_fails_the_test() -> None:
    def check(payload: Any) -> None:
        assert payload == "never"

    with pytest.raises(AssertionError):
        runner(activities={"square": check}).run("chain", 1)


def test_a_missing_fake_is_named() -> None:
    with pytest.raises(FlowError, match="calls activity 'square'"):
        FlowRunner([sample_flows.bp], {}).run("chain", 1)


def random_input(context: Any) -> Generator[Any, Any, Any]:
    yield context.call_activity("echo", str(uuid.uuid4()))


def test_an_impure_orchestrator_is_found_at_its_first_replay() -> None:
    with pytest.raises(NonDeterminismError, match="two answers for one history"):
        runner_of(random_input).run("random_input")


def test_an_orchestrator_that_reads_shared_state_is_found_when_it_departs() -> None:
    switch = {"name": "first"}

    def shared(context: Any) -> Generator[Any, Any, Any]:
        yield context.call_activity("echo", switch["name"])
        yield context.call_activity("echo", "end")

    flows = runner_of(shared)
    flows.on_activity("echo", lambda _flow: switch.update(name="second"))
    with pytest.raises(NonDeterminismError, match=r"records activity 'echo' with input \"first\".*input \"second\""):
        flows.run("shared")


@pytest.mark.parametrize(("once", "replays"), [(False, 6 + 1), (True, 3 + 1)])
def test_each_step_is_replayed_twice_or_once_and_the_last_once_more_at_the_end(*, once: bool, replays: int) -> None:
    replayed: list[str] = []

    def counted(context: Any) -> Generator[Any, Any, Any]:
        replayed.append(context.instance_id)
        yield context.call_activity("echo", 1)
        yield context.call_activity("echo", 2)

    flow = runner_of(counted, replay_once=once).start("counted")
    flow.finish()
    assert len(replayed) == replays
    flow.finish()
    assert len(replayed) == replays  # there is nothing new to replay


def test_an_impure_orchestrator_that_is_replayed_once_is_found_at_its_next_step() -> None:
    with pytest.raises(NonDeterminismError, match="records activity 'echo'"):
        runner_of(random_input, replay_once=True).run("random_input")


def runner_of(orchestrator: Callable[[Any], Any], *, replay_once: bool = False) -> FlowRunner:
    return FlowRunner([orchestrator], {"echo": lambda payload: payload}, replay_once=replay_once)
