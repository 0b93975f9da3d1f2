"""The whole build among fakes, in virtual time; every instance is replayed from scratch at every step."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from kiln.contracts.base import Operation, Progress
from kiln.contracts.machines import MachineRequest, StepStarted
from kiln.contracts.runs import BuildRequest, RunTerms
from kiln.errors import AzureFailed, RunCanceled, SourceNotFound
from tests.flows.kiln.plans import RUN, gallery, managed_image, plan, restart, step, update, validation, vhd
from tests.flows.kiln.world import ID, World, finish, outputs, phases, steps, whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

EVERYTHING = plan(
    steps=(step("first"), restart("again", 1, trigger=True), update("updates", 2)),
    optimize=(step("optimize"),),
    validation=validation(),
    targets=(gallery("westeurope", "northeurope"), managed_image(elsewhere=True), vhd()),
)
"""A plan that needs every phase and every activity of a build but START_RESTART and START_ORIGIN_DISK."""


def everything() -> World:
    world = World()
    world.answers["make_plan"] = EVERYTHING
    return world


def test_a_build_walks_its_phases_in_order_and_succeeds() -> None:
    result = World().go()

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
    assert report["message"] == ""
    assert {name: output["regions"] for name, output in outputs(result).items()} == {
        "gallery": ["westeurope", "northeurope"],
        "vhd": [],
    }


def test_optimization_and_validation_have_their_own_phases_where_they_are_asked_for() -> None:
    result = everything().go()

    assert phases(result) == [
        "plan",
        "stage",
        "provision",
        "customize",
        "optimize",
        "generalize",
        "validate",
        "capture",
        "distribute",
        "clean up",
    ]
    assert finish(result)["state"] == "Succeeded"


def test_steps_run_one_after_the_other_and_the_machine_is_off_before_capture() -> None:
    names = World().go().activity_names

    first, second, generalize = [at for at, name in enumerate(names) if name == "start_step"]
    assert names[first:second].count("check_step") == 1
    assert second < generalize < names.index("check_powered_off") < names.index("start_deallocate")
    assert names.index("start_deallocate") < names.index("mark_generalized") < names.index("start_version")


def test_optimization_comes_after_the_customizers_and_before_generalization() -> None:
    keys = steps(everything().go())

    assert keys.index("updates") < keys.index("optimize") < keys.index("generalize") < keys.index("look")


def test_network_and_storage_are_staged_side_by_side() -> None:
    world = World()
    world.slow(start_security_group=3, start_storage=3)

    result = world.go()

    network = next(call for call in result.calls if call.name == "start_security_group")
    storage = next(call for call in result.calls if call.name == "start_storage")
    assert network.at == storage.at


def test_a_source_that_does_not_exist_fails_before_anything_is_made() -> None:
    world = World()
    world.ledger = []
    world.answers["make_plan"] = SourceNotFound("no such image", hint="Look again.")

    result = world.go()

    assert finish(result)["error"]["code"] == "SourceImageNotFound"
    assert not result.calls_of("create_group")


PHASES = [
    "make_plan",
    "create_group",
    "start_storage",
    "start_machine",
    "start_step",
    "check_step",
    "check_restarted",
    "check_powered_off",
    "start_validation_version",
    "start_version",
    "start_snapshot_copy",
    "check_export",
    "start_replication",
    "check_region",
]


@pytest.mark.parametrize("activity", PHASES)
def test_cancel_works_in_every_phase_and_cleans_up(activity: str) -> None:
    world = everything()
    world.cancel_at(activity)

    result = world.go()

    assert result.calls_of(activity)
    assert finish(result)["state"] == "Canceled"
    assert finish(result)["kept"] == []
    assert result.calls_of("close_ledger")
    (stop,) = result.calls_of("report_stop")
    assert stop.input["canceled"] is True


def test_work_that_lost_the_race_is_cleaned_up_after_once_more() -> None:
    world = World()
    world.never("check_step")
    world.cancel_at("check_step", nth=2)

    result = world.go()

    assert finish(result)["state"] == "Canceled"
    assert len(result.calls_of("close_ledger")) == 2


def test_a_cancel_while_an_activity_waits_for_its_next_try_takes_effect_within_a_minute() -> None:
    world = World()

    def broken(_: object) -> None:
        if world.closed:
            raise RunCanceled(RUN.run_id)
        raise ConnectionError("the cable is cut")

    world.answers["start_machine"] = broken
    canceled: list[datetime] = []
    world.cancel_at("start_machine", nth=8)
    world.runner.on_activity("start_machine", lambda flow: canceled.append(flow.now), nth=8)

    result = world.go()

    assert finish(result)["state"] == "Canceled"
    assert result.finished - canceled[0] < timedelta(minutes=1)


def unreachable(world: World) -> Callable[[object], object]:
    """Return an activity that cannot reach Azure; once clean-up has begun, the fence ends it."""

    def fail(_: object) -> object:
        if world.closed:
            raise RunCanceled(RUN.run_id)
        raise ConnectionError("the cable is cut")

    return fail


def test_a_cancel_takes_effect_while_the_plan_cannot_be_made() -> None:
    world = World()
    world.answers["make_plan"] = unreachable(world)
    canceled: list[datetime] = []
    world.cancel_at("make_plan", nth=6)
    world.runner.on_activity("make_plan", lambda flow: canceled.append(flow.now), nth=6)

    result = world.go()

    assert finish(result)["state"] == "Canceled"
    assert result.finished - canceled[0] < timedelta(minutes=1)


def test_the_time_begins_with_the_plan() -> None:
    world = World()
    world.answers["begin_run"] = RunTerms(timeout_minutes=4)
    world.answers["make_plan"] = unreachable(world)

    result = world.go()

    assert finish(result)["state"] == "Failed"
    assert finish(result)["error"]["code"] == "DeadlineExceeded"
    assert timedelta(minutes=4) <= result.elapsed < timedelta(minutes=5)


def test_a_run_whose_end_cannot_be_recorded_leaves_a_failed_orchestration_behind() -> None:
    world = World()

    def unwritable(_: object) -> object:
        raise ConnectionError("the state store is away")

    world.answers["finish_run"] = unwritable

    result = whole(world.runner.run("build_image", BuildRequest(run=RUN).model_dump(mode="json"), instance_id=ID))

    assert result.status == "Failed"
    assert "finish_run failed after every retry" in str(result.error)
    assert world.closed


def test_a_build_that_takes_longer_than_its_time_fails_and_cleans_up() -> None:
    world = World()
    world.answers["make_plan"] = plan(timeout_minutes=20)
    world.never("check_step")

    result = world.go()

    report = finish(result)
    assert report["state"] == "Failed"
    assert report["error"]["code"] == "DeadlineExceeded"
    assert report["error"]["target"] == "properties.buildTimeoutInMinutes"
    assert timedelta(minutes=20) <= result.elapsed < timedelta(minutes=21)


@pytest.mark.parametrize("check", ["check_restarted", "check_region", "check_snapshot_copy"])
def test_the_time_covers_every_phase_but_clean_up(check: str) -> None:
    world = World()
    world.answers["make_plan"] = EVERYTHING.model_copy(update={"timeout_minutes": 4})
    world.never(check)

    result = world.go()

    assert finish(result)["error"]["code"] == "DeadlineExceeded"
    assert finish(result)["error"]["target"] == "properties.buildTimeoutInMinutes"
    assert timedelta(minutes=4) <= result.elapsed < timedelta(minutes=5)


def test_a_machine_that_never_turns_off_fails_within_its_own_limit() -> None:
    world = World()
    world.answers["check_powered_off"] = Progress(done=False)

    result = world.go()

    error = finish(result)["error"]
    assert error["code"] == "GeneralizeFailed"
    assert "/tmp/DeprovisioningScript.sh" in error["hint"]
    assert result.elapsed < timedelta(minutes=20)


def test_a_machine_that_never_turns_off_since_azure_gave_its_script_up_fails_soon_with_azures_reason() -> None:
    world = World()
    script = Operation(doing="start it", url="https://arm/script")
    world.answers["start_step"] = StepStarted(log_base=0, operation=script)

    def check(request: MachineRequest) -> Progress:
        if request.operation is None:
            return Progress(done=False)
        assert request.operation == script
        raise AzureFailed("start it", azure_code="AgentSilent", azure_message="the agent is silent")

    world.answers["check_powered_off"] = check

    result = world.go()

    assert "the agent is silent" in finish(result)["error"]["message"]
    assert result.elapsed < timedelta(minutes=4)


def test_a_machine_that_turns_itself_off_slowly_is_waited_for() -> None:
    world = World()
    looks = 0

    def check(_: MachineRequest) -> Progress:
        nonlocal looks
        looks += 1
        return Progress(done=looks == 40)

    world.answers["check_powered_off"] = check

    assert finish(world.go())["state"] == "Succeeded"
    assert looks == 40


def test_hours_of_waiting_do_not_grow_the_history_of_the_build() -> None:
    world = World()
    asked: dict[str, int] = {}

    def check(request: object) -> Progress:
        region = str(request)
        asked[region] = asked.get(region, 0) + 1
        return Progress(done=asked[region] > 300)

    world.answers["check_region"] = check

    result = world.go()

    assert finish(result)["state"] == "Succeeded"
    assert result.elapsed > timedelta(minutes=45)
    assert max(len(history) for history in result.histories.values()) < 300


def test_a_passing_fault_is_tried_again() -> None:
    world = World()
    faults = iter([ConnectionError("reset"), ConnectionError("reset")])

    def flaky(_: object) -> None:
        for fault in faults:
            raise fault

    world.answers["create_group"] = flaky

    result = world.go()

    assert finish(result)["state"] == "Succeeded"
    assert len(result.calls_of("create_group")) == 3


def test_a_fault_that_stays_fails_the_build_with_its_text() -> None:
    world = World()

    def broken(_: object) -> None:
        raise ConnectionError("the cable is cut")

    world.answers["create_group"] = broken

    report = finish(world.go())

    assert report["error"]["code"] == "InternalFailure"
    assert "the cable is cut" in report["message"]


def test_a_run_whose_end_cannot_be_recorded_fails_where_its_client_sees_it() -> None:
    world = World()

    def broken(_: object) -> None:
        raise ConnectionError("the store is gone")

    world.answers["finish_run"] = broken

    result = whole(world.runner.run("build_image", {"run": plan().run.model_dump(mode="json")}, instance_id=ID))

    assert result.status == "Failed"
    assert result.error is not None
    assert "the store is gone" in result.error


def test_every_activity_may_run_twice() -> None:
    names = set(everything().go().activity_names)
    world = everything()
    for name in names:
        world.runner.redeliver(name, nth=None)

    result = world.go()

    assert result.calls_of("finish_run")[-1].input["state"] == "Succeeded"


def test_the_host_may_die_after_any_step() -> None:
    world = World(crash_every_step=True)
    world.answers["make_plan"] = EVERYTHING

    assert finish(world.go())["state"] == "Succeeded"


@pytest.mark.parametrize("seed", range(5))
def test_the_order_in_which_things_happen_does_not_matter(seed: int) -> None:
    world = World(seed=seed)
    world.answers["make_plan"] = EVERYTHING

    assert finish(world.go())["state"] == "Succeeded"


def test_a_build_survives_the_deployment_of_a_newer_app_and_keeps_to_its_version() -> None:
    length = World().go().steps
    for number in (length // 4, length // 2, length * 3 // 4):
        world = World(version="1.0")
        request = BuildRequest(run=RUN).model_dump(mode="json")
        flow = world.runner.start("build_image", request, instance_id=ID)
        world.runner.after_step(number, partial(flow.deploy, "2.0"))
        result = whole(flow.finish())

        assert finish(result)["state"] == "Succeeded"
        began = [item for history in result.histories.values() for item in history if item["EventType"] == 0]
        assert len(began) > 5
        assert {item["Version"] for item in began} == {"1.0"}
