"""The test of an image in a machine that is made from it, among fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import AzureFailed, InternalFailure
from tests.flows.kiln.plans import gallery, plan, source_validation, validation
from tests.flows.kiln.world import World, finish, outputs, phases, steps

if TYPE_CHECKING:
    from kiln.planner.plan import Plan


def world_of(what: Plan, **exit_codes: int) -> World:
    world = World()
    world.answers["make_plan"] = what
    world.exit_with(**exit_codes)
    return world


def test_the_machine_is_made_from_an_image_of_the_generalized_build_machine() -> None:
    result = world_of(plan(validation=validation())).go()

    names = result.activity_names
    asked = result.calls_of("start_validation_version")[0].input
    assert asked["machine"] == plan().origin.machine  # type: ignore[union-attr]  # a plan that builds has one
    order = ["mark_generalized", "start_validation_gallery", "start_validation_definition", "start_validation_version"]
    places = [names.index(name) for name in order]
    assert places == sorted(places)
    assert [call.input["machine"]["name"] for call in result.calls_of("start_machine")] == ["build-vm", "validation-vm"]
    assert steps(result)[-1] == "look"


def test_validators_run_in_the_validation_machine_and_write_their_own_log() -> None:
    result = world_of(plan(validation=validation())).go()

    look = result.calls_of("start_step")[-1].input
    assert look["machine"]["purpose"] == "validation"
    assert look["storage"]["log_blob"] == "validation.log"


def test_a_good_image_is_distributed_after_its_validation() -> None:
    result = world_of(plan(validation=validation())).go()

    names = result.activity_names
    assert names.index("start_version") > max(at for at, name in enumerate(names) if name == "check_step")
    assert finish(result)["state"] == "Succeeded"


def test_an_image_that_fails_its_validation_is_not_distributed() -> None:
    result = world_of(plan(validation=validation()), look=3).go()

    report = finish(result)
    assert report["state"] == "Failed"
    assert report["error"]["code"] == "ValidatorFailed"
    assert report["error"]["target"] == "properties.validate.inVMValidations[0]"
    assert report["outputs"] == []
    assert not result.calls_of("start_version")


def test_with_continue_on_failure_the_image_is_distributed_and_the_run_fails_all_the_same() -> None:
    result = world_of(plan(validation=validation(continue_on_failure=True)), look=3).go()

    report = finish(result)
    assert report["state"] == "Failed"
    assert report["error"]["code"] == "ValidatorFailed"
    assert outputs(result)["gallery"]["regions"] == ["westeurope", "northeurope"]
    assert outputs(result)["gallery"]["error"] is None
    (ended,) = result.calls_of("end_phase")
    assert (ended.input["phase"], ended.input["state"], ended.input["error"]) == ("validate", "Failed", report["error"])


def test_with_continue_on_failure_an_image_of_which_no_machine_can_be_made_is_distributed_too() -> None:
    world = world_of(plan(validation=validation(continue_on_failure=True)))

    def start(request: object) -> None:
        if "validation" in str(request):
            raise AzureFailed("make the machine", azure_code="OSProvisioningTimedOut", azure_message="no boot")

    world.answers["start_machine"] = start

    result = world.go()

    assert finish(result)["state"] == "Failed"
    assert finish(result)["error"]["code"] == "AzureFailed"
    assert set(outputs(result)) == {"gallery", "vhd"}


def test_a_fault_of_kiln_s_own_is_no_verdict_on_the_image() -> None:
    world = world_of(plan(validation=validation(continue_on_failure=True)))
    world.answers["start_validation_gallery"] = InternalFailure("broken")

    result = world.go()

    assert finish(result)["error"]["code"] == "InternalFailure"
    assert not result.calls_of("start_version")


def test_a_failed_validation_counts_more_than_a_target_that_failed() -> None:
    world = world_of(plan(validation=validation(continue_on_failure=True), targets=(gallery("westeurope"),)), look=3)
    world.answers["start_version"] = AzureFailed("publish", azure_code="Quota", azure_message="no more")

    result = world.go()

    assert finish(result)["error"]["code"] == "ValidatorFailed"
    assert outputs(result)["gallery"]["error"]["code"] == "AzureFailed"


def test_validation_of_the_source_alone_builds_and_distributes_nothing() -> None:
    result = world_of(source_validation()).go()

    assert phases(result) == ["plan", "stage", "validate", "clean up"]
    assert [call.input["machine"]["name"] for call in result.calls_of("start_machine")] == ["validation-vm"]
    assert steps(result) == ["look"]
    assert not result.calls_of("start_validation_gallery")
    assert finish(result)["state"] == "Succeeded"
    assert finish(result)["outputs"] == []


def test_a_source_that_fails_its_validation_fails_the_run() -> None:
    result = world_of(source_validation(), look=1).go()

    assert finish(result)["state"] == "Failed"
    assert finish(result)["error"]["code"] == "ValidatorFailed"
