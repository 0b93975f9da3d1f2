"""Targets among fakes: each kind's way to its image, side by side, with each one's own failure; and retries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kiln.contracts.base import Operation, Progress
from kiln.contracts.images import ChosenVersion
from kiln.errors import AzureFailed, ErrorDetail, VersionTaken
from kiln.ids import name_of
from kiln.runs.record import RunOutput
from orchestrators.capture import CHOICES
from tests.flows.kiln.plans import (
    IMAGE,
    MANAGED_IMAGE,
    VERSION,
    gallery,
    managed_image,
    plan,
    retry,
    vhd,
)
from tests.flows.kiln.world import World, finish, outputs, phases

if TYPE_CHECKING:
    from devkit.host.testing import FlowResult
    from kiln.contracts.images import GalleryRequest, RegionRequest, VhdRequest
    from kiln.planner.plan import Plan

NO = AzureFailed("do it", azure_code="Denied", azure_message="no")


def world_of(what: Plan) -> World:
    world = World()
    world.answers["make_plan"] = what
    return world


def test_a_next_version_is_chosen_once_there_is_an_image_and_is_the_run_s_from_then_on() -> None:
    world = world_of(plan(targets=(gallery("westeurope", "northeurope", version="next"),)))
    world.answers["choose_version"] = ChosenVersion(version="1.0.7")

    result = world.go()

    names = result.activity_names
    assert names.index("mark_generalized") < names.index("choose_version") < names.index("start_version")
    assert numbers(result, "start_version", "start_replication", "check_region") == {"1.0.7"}
    assert outputs(result)["gallery"]["artifact_id"] == f"{IMAGE}/versions/1.0.7"
    assert finish(result)["state"] == "Succeeded"


def test_a_version_that_somebody_else_made_meanwhile_gets_the_next_number() -> None:
    world = world_of(plan(targets=(gallery("westeurope", version="next"),)))
    chosen = iter(["1.0.7", "1.0.8", "1.0.9"])
    world.answers["choose_version"] = lambda _: ChosenVersion(version=next(chosen))
    world.answers["start_version"] = _taken("1.0.7", "1.0.8")

    result = world.go()

    assert [call.input["refused"] for call in result.calls_of("choose_version")] == [[], ["1.0.7"], ["1.0.7", "1.0.8"]]
    assert outputs(result)["gallery"]["artifact_id"] == f"{IMAGE}/versions/1.0.9"
    assert finish(result)["state"] == "Succeeded"


def test_a_version_that_is_never_first_fails_its_target_in_the_end() -> None:
    world = world_of(plan(targets=(gallery("westeurope", version="next"), vhd())))
    world.answers["start_version"] = _taken("1.0.0")

    result = world.go()

    assert len(result.calls_of("start_version")) == CHOICES
    error = outputs(result)["gallery"]["error"]
    assert error["code"] == "GalleryVersionTaken"
    assert "none" not in error["hint"]  # it named no version
    assert outputs(result)["vhd"]["error"] is None


def test_a_version_that_the_template_names_is_tried_once() -> None:
    world = world_of(plan(targets=(gallery("westeurope"),)))
    world.answers["start_version"] = _taken("1.0.0")

    result = world.go()

    assert not result.calls_of("choose_version")
    assert len(result.calls_of("start_version")) == 1
    assert outputs(result)["gallery"]["error"]["code"] == "GalleryVersionTaken"


def test_a_retry_gives_regions_to_the_version_that_there_is() -> None:
    done = RunOutput(name="gallery", kind="SharedImage", artifact_id=VERSION, regions=("westeurope",))
    target = gallery("westeurope", "northeurope", version="next")

    result = world_of(retry(targets=(target,), done=(done,))).go()

    assert not result.calls_of("choose_version")
    assert numbers(result, "start_replication", "check_region") == {VERSION.rpartition("/")[2]}


def test_a_managed_image_in_the_build_s_region_is_made_from_the_machine_itself() -> None:
    result = world_of(plan(targets=(managed_image(),))).go()

    assert result.calls_of("start_image")
    assert not result.calls_of("start_snapshot")
    assert outputs(result)["image"]["artifact_id"] == MANAGED_IMAGE
    assert outputs(result)["image"]["regions"] == ["westeurope"]
    assert finish(result)["state"] == "Succeeded"


def test_a_managed_image_elsewhere_is_made_from_a_copy_of_a_snapshot() -> None:
    world = world_of(plan(targets=(managed_image(elsewhere=True),)))
    answers = iter([Progress(done=False, note="50 %"), Progress(done=True)])
    world.answers["check_snapshot_copy"] = lambda _: next(answers)

    result = world.go()

    names = [name for name in result.activity_names if "snapshot" in name or name == "start_image"]
    assert names == [
        "start_snapshot",
        "start_snapshot_copy",
        "check_snapshot_copy",
        "check_snapshot_copy",
        "start_image",
    ]
    assert outputs(result)["image"]["regions"] == ["northeurope"]


def test_a_vhd_goes_to_the_staging_storage_or_to_its_own_url() -> None:
    url = "https://own.blob.core.windows.net/images/hello.vhd"

    result = world_of(plan(targets=(vhd(), vhd("own", url)))).go()

    assert outputs(result)["vhd"]["artifact_uri"] == "https://blob/vhds/run/vhd.vhd"
    assert outputs(result)["own"]["artifact_uri"] == url


def test_a_vhd_that_replaces_one_is_copied_to_its_place_once_its_spare_is_whole() -> None:
    world = world_of(plan(targets=(vhd("own", "https://own.blob.core.windows.net/images/hello.vhd"),)))
    world.answers["start_export"] = lambda request: request.model_copy(update={"to_spare": True})
    asked: list[bool] = []

    def check(request: VhdRequest) -> Progress:
        asked.append(request.to_spare)
        return Progress(done=asked.count(request.to_spare) == 2)

    world.answers["check_export"] = check

    result = world.go()

    names = [name for name in result.activity_names if name in {"start_export", "check_export", "place_vhd"}]
    assert names == ["start_export", "check_export", "check_export", "place_vhd", "check_export", "check_export"]
    assert asked == [True, True, False, False]
    assert outputs(result)["own"]["artifact_uri"] == "https://own.blob.core.windows.net/images/hello.vhd"


@pytest.mark.parametrize("failing", ["check_export", "place_vhd"])
def test_a_vhd_whose_spare_or_whose_copy_fails_is_no_output(failing: str) -> None:
    world = world_of(plan(targets=(vhd("own", "https://own.blob.core.windows.net/images/hello.vhd"),)))
    world.answers["start_export"] = lambda request: request.model_copy(update={"to_spare": True})
    world.answers[failing] = NO

    result = world.go()

    assert bool(result.calls_of("place_vhd")) == (failing == "place_vhd")
    assert finish(result)["state"] == "Failed"


def test_read_access_to_the_disk_ends_once_and_only_after_every_copy_has() -> None:
    world = world_of(plan(targets=(vhd("quick"), vhd("slow"))))
    asked: list[str] = []

    def check(request: VhdRequest) -> Progress:
        asked.append(request.target.run_output_name)
        return Progress(done=request.target.run_output_name == "quick" or asked.count("slow") > 5)

    world.answers["check_export"] = check

    result = world.go()

    names = result.activity_names
    assert names.count("end_export") == 1
    assert names.index("end_export") > max(at for at, name in enumerate(names) if name == "check_export")


def test_an_access_that_cannot_be_withdrawn_leaves_the_images_as_good_as_they_are() -> None:
    world = World()
    world.answers["end_export"] = NO

    assert finish(world.go())["state"] == "Succeeded"


def test_targets_of_all_kinds_are_captured_side_by_side() -> None:
    result = world_of(plan(targets=(gallery("westeurope"), managed_image(), vhd()))).go()

    starts = [call.at for name in ("start_version", "start_image", "start_export") for call in result.calls_of(name)]
    assert len(starts) == 3
    assert len(set(starts)) == 1


def test_a_target_s_output_is_reported_as_soon_as_it_is_made() -> None:
    world = World()
    world.slow(start_version=50)

    result = world.go()

    names = result.activity_names
    reported = {call.input["output"]["name"]: call.at for call in reversed(result.calls_of("report_output"))}
    assert reported["vhd"] < reported["gallery"]
    assert names.index("report_output") < names.index("finish_run")


def test_a_gallery_version_in_its_home_region_alone_needs_no_replication() -> None:
    result = world_of(plan(targets=(gallery("westeurope"),))).go()

    assert not result.calls_of("start_replication")
    assert outputs(result)["gallery"]["regions"] == ["westeurope"]


def test_how_far_a_region_is_is_told_whenever_it_is_another_and_never_twice() -> None:
    world = world_of(plan(targets=(gallery("westeurope", "northeurope"),)))
    asked: list[str] = []

    def check(request: RegionRequest) -> Progress:
        asked.append(request.region)
        turn = asked.count(request.region)
        if request.region == "westeurope":
            return Progress(done=True)
        return Progress(done=turn > 130, note=f"northeurope {turn // 50 * 50} %")

    world.answers["check_region"] = check

    result = world.go()

    notes = [call.input["note"] for call in result.calls_of("report_progress") if call.input["phase"] == "distribute"]
    assert notes == [None, "gallery: northeurope 0 %", "gallery: northeurope 50 %", "gallery: northeurope 100 %"]


def test_how_far_the_copies_of_a_disk_are_is_told() -> None:
    world = world_of(plan(targets=(managed_image(elsewhere=True), vhd())))
    for name in ("check_snapshot_copy", "check_export"):
        answers = iter([Progress(done=False, note="40 %"), Progress(done=True, note="100 %")])
        world.answers[name] = lambda _, answers=answers: next(answers)

    notes = [call.input["note"] for call in world.go().calls_of("report_progress") if call.input["phase"] == "capture"]

    assert sorted(filter(None, notes)) == ["image: 40 %", "vhd: 40 %"]


def test_a_late_region_leaves_a_partly_successful_build() -> None:
    world = World()
    world.answers["check_region"] = _lacking("northeurope")

    result = world.go()

    assert finish(result)["state"] == "PartiallySucceeded"
    output = outputs(result)["gallery"]
    assert output["regions"] == ["westeurope"]
    assert "northeurope" in output["error"]["message"]
    assert ends(result) == {"distribute": ("Failed", output["error"])}


def test_distribution_that_reached_some_of_the_regions_has_partly_succeeded() -> None:
    world = world_of(plan(targets=(gallery("westeurope", "northeurope", "eastus"),)))
    world.answers["check_region"] = _lacking("northeurope")

    result = world.go()

    assert ends(result) == {"distribute": ("PartiallySucceeded", outputs(result)["gallery"]["error"])}


def test_one_failing_target_does_not_stop_the_others_and_has_its_own_error() -> None:
    world = world_of(plan(targets=(gallery("westeurope"), managed_image(), vhd())))
    world.answers["start_export"] = NO

    result = world.go()

    assert finish(result)["state"] == "PartiallySucceeded"
    assert outputs(result)["vhd"]["error"]["code"] == "AzureFailed"
    assert outputs(result)["image"]["error"] is None
    assert outputs(result)["gallery"]["error"] is None
    assert not result.calls_of("report_stop")
    assert ends(result) == {"capture": ("PartiallySucceeded", outputs(result)["vhd"]["error"])}
    assert phases(result)[-2:] == ["distribute", "clean up"]


def test_a_run_all_of_whose_targets_failed_has_failed() -> None:
    world = world_of(plan(targets=(managed_image(), vhd())))
    world.answers["start_export"] = NO
    world.answers["start_image"] = NO

    result = world.go()

    assert finish(result)["state"] == "Failed"
    assert finish(result)["error"]["code"] == "AzureFailed"
    ((phase, (state, error)),) = ends(result).items()
    assert (phase, state, error["message"]) == ("capture", "Failed", "2 targets failed.")
    assert error["details"] == [outputs(result)[name]["error"] for name in ("image", "vhd")]
    assert phases(result)[-2:] == ["capture", "clean up"]


def test_a_retry_of_a_missing_region_replicates_alone() -> None:
    result = world_of(retry(targets=(gallery("westeurope", "northeurope"),), done=(_partly(),))).go()

    assert phases(result) == ["plan", "stage", "capture", "distribute", "clean up"]
    assert not result.calls_of("start_machine")
    assert not result.calls_of("start_version")
    assert result.calls_of("start_replication")
    assert outputs(result)["gallery"]["regions"] == ["westeurope", "northeurope"]
    assert outputs(result)["gallery"]["error"] is None
    assert finish(result)["state"] == "Succeeded"


def test_a_retry_whose_region_fails_again_is_partly_successful_again() -> None:
    world = world_of(retry(targets=(gallery("westeurope", "northeurope"),), done=(_partly(),)))
    world.answers["check_region"] = _lacking("northeurope")

    result = world.go()

    assert finish(result)["state"] == "PartiallySucceeded"
    assert outputs(result)["gallery"]["regions"] == ["westeurope"]


def test_a_retry_of_a_failed_gallery_target_is_made_from_the_version_without_a_disk() -> None:
    result = world_of(retry(targets=(gallery("westeurope", name="other"),))).go()

    assert not result.calls_of("start_origin_disk")
    assert result.calls_of("start_version")[0].input["origin"]["version"] == VERSION


def test_a_retry_of_vhd_and_managed_image_makes_one_disk_of_the_version_first() -> None:
    result = world_of(retry(targets=(vhd(), managed_image()))).go()

    names = result.activity_names
    assert names.count("start_origin_disk") == 1
    assert names.index("start_origin_disk") < min(names.index("start_export"), names.index("start_image"))
    assert finish(result)["state"] == "Succeeded"


def test_a_disk_that_cannot_be_made_fails_the_targets_that_need_it_alone() -> None:
    world = world_of(retry(targets=(gallery("westeurope", "northeurope"), vhd()), done=(_partly(),)))
    world.answers["start_origin_disk"] = NO

    result = world.go()

    assert finish(result)["state"] == "PartiallySucceeded"
    assert outputs(result)["vhd"]["error"]["code"] == "AzureFailed"
    assert outputs(result)["gallery"]["regions"] == ["westeurope", "northeurope"]
    assert not result.calls_of("start_export")


def test_a_target_that_the_earlier_run_made_is_not_captured_again() -> None:
    done = RunOutput(name="vhd", kind="VHD", artifact_uri="https://blob/vhds/run/vhd.vhd")

    result = world_of(retry(targets=(vhd(), managed_image()), done=(done,))).go()

    assert not result.calls_of("start_export")
    assert not result.calls_of("end_export")
    assert outputs(result)["vhd"]["artifact_uri"] == done.artifact_uri


def test_a_cancel_while_regions_are_waited_for_keeps_what_is_there() -> None:
    world = World()
    world.never("check_region")
    world.cancel_at("check_region", nth=4)

    result = world.go()

    assert finish(result)["state"] == "Canceled"
    reported = [call.input["output"] for call in result.calls_of("report_output")]
    assert {output["name"]: output["regions"] for output in reported} == {"vhd": [], "gallery": ["westeurope"]}


def numbers(result: FlowResult, *activities: str) -> set[str]:
    """Return the versions of the targets with which the activities were called."""
    asked = [call.input for name in activities for call in result.calls_of(name)]
    return {call["target"]["version"] if "target" in call else name_of(call["version"]) for call in asked}


def ends(result: FlowResult) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return the state and the error of each phase that failed, though the run went on."""
    calls = [call.input for call in result.calls_of("end_phase")]
    return {call["phase"]: (call["state"], call["error"]) for call in calls}


def _partly() -> RunOutput:
    late = ErrorDetail(code="ReplicationFailed", message="not in northeurope")
    return RunOutput(name="gallery", kind="SharedImage", artifact_id=VERSION, regions=("westeurope",), error=late)


def _taken(*versions: str) -> Any:
    def start(request: GalleryRequest) -> Operation:
        if request.target.version in versions:
            raise VersionTaken(f"{request.target.version_id} exists already.")
        return Operation(doing="publish", url="https://arm/start_version")

    return start


def _lacking(region: str) -> Any:
    def check(request: RegionRequest) -> Progress:
        if request.region == region:
            raise AzureFailed("replicate", azure_code="ReplicationFailed", azure_message="no capacity")
        return Progress(done=True)

    return check
