"""The whole build among fakes, in virtual time; every instance is replayed from scratch at every step."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from kiln.errors import AzureFailed, RunCanceled, SourceNotFound
from kiln.messages import Leftovers, Progress
from kiln.runs.record import LedgerEntry
from tests.flows.kiln.world import Build, customizer_failed, finish, phases, plan

if TYPE_CHECKING:
    from kiln.messages import DeleteRequest, OperationCheck, RegionRequest, StepRequest


def test_a_build_walks_its_phases_in_order_and_succeeds() -> None:
    result = Build().go()

    assert phases(result) == [
        "plan",
        "stage",
        "provision",
        "customize",
        "generalize",
        "capture",
        "distribute",
        "clean up",
    ]
    report = finish(result)
    assert report["state"] == "Succeeded"
    assert report["error"] is None
    assert {output["name"]: output["regions"] for output in report["outputs"]} == {
        "gallery": ["westeurope", "northeurope"],
        "vhd": [],
    }


def test_steps_run_one_after_the_other_and_the_machine_is_off_before_capture() -> None:
    names = Build().go().activity_names

    first, second, generalize = [at for at, name in enumerate(names) if name == "start_step"]
    assert names[first:second].count("check_step") == 1
    assert second < generalize < names.index("check_powered_off") < names.index("start_deallocate")
    assert names.index("start_deallocate") < names.index("mark_generalized") < names.index("start_version")


def test_network_and_storage_are_staged_side_by_side() -> None:
    build = Build()
    build.answers["check_operation"] = _slow_operations({"start_security_group": 3, "start_storage": 3})

    result = build.go()

    network = next(call for call in result.calls if call.name == "start_security_group")
    storage = next(call for call in result.calls if call.name == "start_storage")
    assert network.at == storage.at


def test_a_failing_customizer_ends_the_build_with_its_own_error_and_cleans_up() -> None:
    build = Build()
    build.answers["check_step"] = customizer_failed()

    result = build.go()

    report = finish(result)
    assert report["state"] == "Failed"
    assert report["error"]["code"] == "CustomizerFailed"
    assert report["error"]["target"] == "properties.customize[0]"
    assert "exit code 7" in report["message"]
    assert "no such thing" in report["message"]
    assert [call.input["entry"]["id"] for call in result.calls_of("start_delete")] == ["/vm", "/nic", "/disk"]
    assert not result.calls_of("start_version")


def test_a_source_that_does_not_exist_fails_before_anything_is_made() -> None:
    build = Build()
    build.ledger = []
    build.answers["make_plan"] = SourceNotFound("no such image", hint="Look again.")

    result = build.go()

    assert finish(result)["error"]["code"] == "SourceImageNotFound"
    assert not result.calls_of("create_group")


def test_clean_up_goes_on_after_a_failed_delete_and_names_what_is_left() -> None:
    build = Build()

    def delete(request: DeleteRequest) -> None:
        if request.entry.id == "/vm":
            raise AzureFailed("delete /vm", azure_code="Locked", azure_message="a lock")

    build.answers["start_delete"] = delete

    result = build.go()

    assert [call.input["entry"]["id"] for call in result.calls_of("start_delete")] == ["/vm", "/nic", "/disk"]
    (leftover,) = finish(result)["leftovers"]
    assert leftover.startswith("/vm: ")
    assert "Locked" in leftover


def test_tiers_are_deleted_one_after_the_other() -> None:
    build = Build()
    build.answers["check_operation"] = _slow_operations({"start_delete": 4})

    deletes = build.go().calls_of("start_delete")

    at = {call.input["entry"]["id"]: call.at for call in deletes}
    assert at["/vm"] < at["/nic"]
    assert at["/nic"] == at["/disk"]


def test_a_late_region_leaves_a_partly_successful_build() -> None:
    build = Build()

    def region(request: RegionRequest) -> Progress:
        if request.region == "northeurope":
            raise AzureFailed("replicate", azure_code="ReplicationFailed", azure_message="no capacity")
        return Progress(done=True)

    build.answers["check_region"] = region

    report = finish(build.go())

    assert report["state"] == "PartiallySucceeded"
    gallery = next(output for output in report["outputs"] if output["name"] == "gallery")
    assert gallery["regions"] == ["westeurope"]
    assert "northeurope" in gallery["error"]["message"]


def test_one_failing_target_does_not_stop_the_other() -> None:
    build = Build()
    build.answers["start_export"] = AzureFailed("export the disk", azure_code="Denied", azure_message="no")

    report = finish(build.go())

    assert report["state"] == "PartiallySucceeded"
    outputs = {output["name"]: output for output in report["outputs"]}
    assert outputs["vhd"]["error"]["code"] == "AzureFailed"
    assert outputs["gallery"]["regions"] == ["westeurope", "northeurope"]


@pytest.mark.parametrize(
    "activity",
    ["make_plan", "create_group", "start_storage", "start_machine", "start_step", "check_powered_off", "start_version"],
)
def test_cancel_works_in_every_phase_and_cleans_up(activity: str) -> None:
    build = Build()
    build.cancel_at(activity)
    canceled = {"raised": False}
    build.runner.on_activity(activity, lambda _: canceled.update(raised=True))

    result = build.go()

    assert canceled["raised"]
    report = finish(result)
    assert report["state"] == "Canceled"
    assert result.calls_of("close_ledger")
    (stop,) = result.calls_of("report_stop")
    assert stop.input["canceled"] is True


def test_work_that_lost_the_race_is_cleaned_up_after_once_more() -> None:
    build = Build()
    build.answers["check_step"] = _never_until(build)
    build.cancel_at("check_step", nth=2)

    result = build.go()

    assert finish(result)["state"] == "Canceled"
    assert len(result.calls_of("close_ledger")) == 2


def test_a_build_that_takes_longer_than_its_time_fails_and_cleans_up() -> None:
    build = Build()
    build.answers["make_plan"] = plan(timeout=20)
    build.answers["check_step"] = _never_until(build)

    result = build.go()

    report = finish(result)
    assert report["state"] == "Failed"
    assert report["error"]["code"] == "DeadlineExceeded"
    assert report["error"]["target"] == "properties.buildTimeoutInMinutes"
    assert timedelta(minutes=20) <= result.elapsed < timedelta(minutes=21)


def test_a_machine_that_never_turns_off_fails_within_its_own_limit() -> None:
    build = Build()
    build.answers["check_powered_off"] = Progress(done=False)

    result = build.go()

    assert finish(result)["error"]["code"] == "GeneralizeFailed"
    assert result.elapsed < timedelta(minutes=20)


def test_hours_of_waiting_do_not_grow_the_history_of_the_build() -> None:
    build = Build()
    build.answers["check_region"] = _after(300)

    result = build.go()

    assert finish(result)["state"] == "Succeeded"
    assert result.elapsed > timedelta(minutes=45)
    assert max(len(history) for history in result.histories.values()) < 300


def test_a_passing_fault_is_tried_again() -> None:
    build = Build()
    faults = iter([ConnectionError("reset"), ConnectionError("reset")])

    def flaky(_: object) -> None:
        for fault in faults:
            raise fault

    build.answers["create_group"] = flaky

    result = build.go()

    assert finish(result)["state"] == "Succeeded"
    assert len(result.calls_of("create_group")) == 3


def test_a_fault_that_stays_fails_the_build_with_its_text() -> None:
    build = Build()

    def broken(_: object) -> None:
        raise ConnectionError("the cable is cut")

    build.answers["create_group"] = broken

    report = finish(build.go())

    assert report["error"]["code"] == "InternalFailure"
    assert "the cable is cut" in report["message"]


def test_every_activity_may_run_twice() -> None:
    build = Build()
    for name in set(Build().go().activity_names):
        build.runner.redeliver(name)

    result = build.go()

    assert result.calls_of("finish_run")[-1].input["state"] == "Succeeded"


def test_the_host_may_die_after_any_step() -> None:
    steps = Build().go().steps

    for step in range(1, steps, 17):
        build = Build()
        flow = build.runner.start("build_image", {"run": Build().go().calls[0].input["run"]}, instance_id="run-1")
        build.runner.after_step(step, flow.crash)
        assert finish(flow.finish())["state"] == "Succeeded", f"after a crash at step {step}"


def test_results_that_are_kept_are_not_deleted() -> None:
    build = Build()
    build.answers["close_ledger"] = Leftovers(entries=(LedgerEntry(kind="vm", id="/vm", tier=1),))

    result = build.go()

    assert [call.input["entry"]["id"] for call in result.calls_of("start_delete")] == ["/vm"]


def _slow_operations(delays: dict[str, int]) -> object:
    """Let the named operations end only at the nth question."""
    asked: dict[str, int] = {}

    def check(request: OperationCheck) -> Progress:
        doing = request.operation.doing
        asked[doing] = asked.get(doing, 0) + 1
        return Progress(done=asked[doing] >= delays.get(doing, 1), retry_after=2)

    return check


def _never_until(build: Build) -> object:
    """A script that never ends by itself: the fence stops it once clean-up has begun."""

    def check(request: StepRequest) -> Progress:
        if build.closed:
            raise RunCanceled(request.run.run_id)
        return Progress(done=False)

    return check


def _after(questions: int) -> object:
    asked: dict[str, int] = {}

    def check(request: RegionRequest) -> Progress:
        asked[request.region] = asked.get(request.region, 0) + 1
        return Progress(done=asked[request.region] > questions)

    return check
