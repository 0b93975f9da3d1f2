"""Steps in the build machine, among fakes: scripts, restarts, rounds of Windows updates."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.contracts.base import Operation, Progress
from kiln.contracts.machines import StepStarted
from orchestrators.scripts import MOMENT
from tests.flows.kiln.plans import plan, restart, step, update
from tests.flows.kiln.world import World, deleted, finish, steps

if TYPE_CHECKING:
    from kiln.contracts.machines import ScriptRequest
    from kiln.planner.steps import Step

SCRIPT = Operation(doing="start it", url="https://arm/script")


def world_of(*taken: Step) -> World:
    world = World()
    world.answers["make_plan"] = plan(steps=taken)
    return world


def test_a_step_is_noted_before_it_runs() -> None:
    result = World().go()

    notes = [call.input["note"] for call in result.calls_of("report_progress") if call.input["note"]]
    assert notes == ["1 of 2: first", "2 of 2: second"]


def test_a_check_knows_where_the_log_of_its_script_begins() -> None:
    world = World()
    world.answers["start_step"] = StepStarted(log_base=512)

    checks = world.go().calls_of("check_step")

    assert {call.input["log_base"] for call in checks} == {512}


def test_a_failing_customizer_ends_the_build_with_its_own_error_and_cleans_up() -> None:
    world = World()
    world.exit_with(first=7)

    result = world.go()

    report = finish(result)
    assert report["state"] == "Failed"
    assert report["error"]["code"] == "CustomizerFailed"
    assert report["error"]["target"] == "properties.customize[0]"
    assert "exit code 7" in report["message"]
    assert "no such thing" in report["message"]
    assert steps(result) == ["first"]
    assert deleted(result) == ["/vm", "/nic", "/disk"]
    assert not result.calls_of("start_version")


def test_a_restart_marks_the_boot_then_lets_azure_restart_then_asks_until_it_is_another() -> None:
    world = world_of(step("first"), restart("again", 1), step("last", 2))
    answers = iter([Progress(done=False), Progress(done=False), Progress(done=True)])
    world.answers["check_restarted"] = lambda _: next(answers)

    result = world.go()

    names = result.activity_names
    assert steps(result) == ["first", "again-mark", "last", "generalize"]
    assert names.count("check_restarted") == 3
    mark = [at for at, name in enumerate(names) if name == "start_step"][1]
    last = [at for at, name in enumerate(names) if name == "start_step"][2]
    assert mark < names.index("start_restart") < names.index("check_restarted") < last
    assert finish(result)["state"] == "Succeeded"


def test_a_restart_by_the_template_s_own_command_is_left_to_that_command() -> None:
    result = world_of(restart("again", trigger=True)).go()

    assert steps(result)[:2] == ["again-mark", "again-trigger"]
    assert not result.calls_of("start_restart")
    assert result.calls_of("check_restarted")[0].input["step"]["key"] == "again-check"


def test_a_restart_that_is_faster_than_the_answer_of_the_command_that_asks_for_it_is_as_good() -> None:
    world = world_of(restart("again", trigger=True))
    world.answers["check_step"] = lambda request: Progress(done=request.step.key != "again-trigger", exit_code=0)

    result = world.go()

    assert finish(result)["state"] == "Succeeded"
    assert result.calls_of("check_restarted")


def test_a_command_that_cannot_restart_the_machine_fails_its_customizer() -> None:
    world = world_of(restart("again", trigger=True))
    world.exit_with(again_trigger=127)

    result = world.go()

    assert finish(result)["error"]["code"] == "CustomizerFailed"
    assert not result.calls_of("check_restarted")


def test_a_machine_that_does_not_come_back_fails_its_customizer_within_the_restart_s_own_time() -> None:
    world = world_of(step("first"), restart("again", 1))
    world.answers["check_restarted"] = Progress(done=False)

    result = world.go()

    error = finish(result)["error"]
    assert error["code"] == "CustomizerFailed"
    assert error["target"] == "properties.customize[1]"
    assert "'again' failed: the machine did not come back within 5 minutes" in error["message"]
    assert result.elapsed < timedelta(minutes=7)


def test_windows_updates_go_on_in_rounds_until_none_is_left() -> None:
    world = world_of(update("updates"))
    world.exit_with(updates=101, updates_1=102, updates_2=0)

    result = world.go()

    assert steps(result) == ["updates", "updates-restart-mark", "updates.1", "updates.2", "generalize"]
    assert len(result.calls_of("start_restart")) == 1
    outputs = [call.input["step"]["output_blob"] for call in result.calls_of("start_step")]
    assert len(set(outputs)) == len(outputs)
    assert finish(result)["state"] == "Succeeded"


def test_the_scripts_of_a_repeated_restart_are_its_own() -> None:
    world = world_of(update("updates"))
    world.exit_with(updates=101, updates_1=101, updates_2=0)

    result = world.go()

    assert steps(result)[1::2] == ["updates-restart-mark", "updates-restart-mark.1", "generalize"]
    checks = [call.input["step"]["key"] for call in result.calls_of("check_restarted")]
    assert checks == ["updates-restart-check", "updates-restart-check.1"]


def test_a_round_of_updates_is_noted() -> None:
    world = world_of(update("updates"))
    world.exit_with(updates=102)

    notes = [call.input["note"] for call in world.go().calls_of("report_progress") if call.input["note"]]

    assert notes == ["1 of 1: updates", "updates: round 1", "updates: round 2"]


def test_updates_without_an_end_fail_their_customizer_and_say_so() -> None:
    world = world_of(update("updates", rounds=3))
    world.exit_with(updates=101, updates_1=102, updates_2=102)

    error = finish(world.go())["error"]

    assert error["code"] == "CustomizerFailed"
    assert error["target"] == "properties.customize[0]"
    assert "still updates to install after 3 rounds" in error["message"]


def test_an_update_that_fails_fails_its_customizer() -> None:
    world = world_of(update("updates"))
    world.exit_with(updates=1)

    result = world.go()

    assert finish(result)["error"]["code"] == "CustomizerFailed"
    assert "exit code 1" in finish(result)["message"]
    assert steps(result) == ["updates"]


def test_a_failed_optimization_fails_the_build_and_counts_as_a_customizer() -> None:
    world = World()
    optimize = step("optimize", path="properties.optimize")
    world.answers["make_plan"] = plan(optimize=(optimize,), keep_on_customizer_error=True)
    world.exit_with(optimize=1)

    result = world.go()

    assert finish(result)["state"] == "Failed"
    assert finish(result)["error"]["target"] == "properties.optimize[0]"
    assert finish(result)["kept"] == ["/vm", "/nic", "/disk"]


def test_scripts_that_were_started_are_not_started_again_by_a_crash() -> None:
    world = World(crash_every_step=True)
    world.answers["make_plan"] = plan(steps=(step("first"), restart("again", 1), update("updates", 2)))
    started: list[str] = []

    def start(request: ScriptRequest) -> StepStarted:
        started.append(request.step.key)
        return StepStarted(log_base=0)

    world.answers["start_step"] = start

    assert finish(world.go())["state"] == "Succeeded"
    assert started == ["first", "again-mark", "updates", "generalize"]


def test_a_step_that_somebody_else_may_be_about_to_start_is_asked_for_again_after_a_moment() -> None:
    world = world_of(step("first"))
    world.answers["start_step"] = lambda asked: StepStarted(
        log_base=64, is_started=asked.is_late, operation=SCRIPT if asked.is_late else None
    )

    result = world.go()

    asked = [(call.input["step"]["key"], call.input["is_late"]) for call in result.calls_of("start_step")]
    assert asked == [("first", False), ("first", True), ("generalize", False), ("generalize", True)]
    assert {call.input["operation"]["url"] for call in result.calls_of("check_step")} == {SCRIPT.url}
    assert result.elapsed >= 2 * MOMENT
    assert finish(result)["state"] == "Succeeded"
