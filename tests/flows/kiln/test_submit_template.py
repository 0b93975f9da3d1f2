"""Submission of a template's version, among fakes: checked, staged, settled; and the run of autoRun."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from devkit.host.testing import Flow
from kiln.contracts.base import Progress
from kiln.contracts.staging import StagedStorage
from kiln.contracts.templates import Submitted
from kiln.errors import ArtifactUnavailable, AzureFailed, ErrorDetail, Superseded, TemplateRefused
from tests.flows.kiln.plans import RUN, SUBMISSION, staging
from tests.flows.kiln.world import ID, World, whole

if TYPE_CHECKING:
    from devkit.host.testing import FlowResult
    from kiln.contracts.staging import ArtifactRequest

GOOD = [
    "check_template",
    "create_group",
    "start_security_group",
    "start_storage",
    "start_network",
    "create_containers",
    "stage_artifact",
    "finish_submission",
    "begin_automatic_run",
]


def settled(result: FlowResult) -> dict[str, Any]:
    (call,) = result.calls_of("finish_submission")
    return dict(call.input)


def test_a_good_template_is_checked_staged_and_settled() -> None:
    result = World().submit()

    names = result.activity_names
    assert set(names) - {"check_operation"} == set(GOOD)
    assert names[0] == "check_template"
    assert names[-2:] == ["finish_submission", "begin_automatic_run"]
    assert settled(result)["error"] is None
    assert settled(result)["submission"]["version"] == 2
    assert {call.input["artifact"]["blob"] for call in result.calls_of("stage_artifact")} == {
        "v2/customize-00",
        "v2/customize-01",
    }


def test_staging_is_made_on_behalf_of_the_submission() -> None:
    result = World().submit()

    owners = [call.input["owner"] for call in result.calls if "owner" in call.input]
    assert owners
    assert all(owner["version"] == 2 for owner in owners)


def test_artifacts_are_taken_in_side_by_side() -> None:
    result = World().submit()

    first, second = result.calls_of("stage_artifact")
    assert first.at == second.at


def test_a_template_that_is_refused_is_settled_with_all_its_problems_and_nothing_is_made() -> None:
    world = World()
    problems = (
        ErrorDetail(code="BadPIRSource", message="no such image", target="properties.source"),
        ErrorDetail(code="BadSharedImageDistribute", message="no such definition", target="properties.distribute[0]"),
    )
    world.answers["check_template"] = TemplateRefused(problems)

    result = world.submit()

    assert [detail["code"] for detail in settled(result)["error"]["details"]] == [
        "BadPIRSource",
        "BadSharedImageDistribute",
    ]
    assert not result.calls_of("create_group")


def test_an_artifact_that_cannot_be_had_fails_the_submission_with_its_own_error() -> None:
    world = World()

    def fetch(request: ArtifactRequest) -> None:
        if request.artifact.blob == "v2/customize-01":
            raise ArtifactUnavailable("404 Not Found", target=request.artifact.property_path)

    world.answers["stage_artifact"] = fetch

    result = world.submit()

    assert settled(result)["error"]["code"] == "ArtifactUnavailable"
    assert settled(result)["error"]["target"] == "properties.customize[1]"


def test_all_artifacts_are_tried_and_all_that_cannot_be_had_are_told_at_once() -> None:
    world = World()

    def fetch(request: ArtifactRequest) -> None:
        raise ArtifactUnavailable(f"{request.artifact.blob} is not there", target=request.artifact.property_path)

    world.answers["stage_artifact"] = fetch

    error = settled(world.submit())["error"]

    assert error["code"] == "ArtifactUnavailable"
    assert [detail["target"] for detail in error["details"]] == ["properties.customize[0]", "properties.customize[1]"]


def test_a_server_that_cannot_now_gets_a_minute_and_is_told_by_its_answer() -> None:
    world = World()
    world.answers["stage_artifact"] = Progress(done=False, note="https://example.com/a answered 503.")

    result = world.submit()

    error, asked = settled(result)["error"], [call.at for call in result.calls_of("stage_artifact")]
    assert {detail["code"] for detail in error["details"]} == {"ArtifactUnavailable"}
    assert all("answered 503." in detail["message"] for detail in error["details"])
    assert len(asked) > 6
    assert timedelta(seconds=58) < max(asked) - min(asked) < timedelta(seconds=75)


@pytest.mark.parametrize(("asked_for", "waited"), [(20, 20), (3600, 60)])
def test_a_server_is_not_asked_before_it_wants_to_be_as_long_as_that_is_within_the_minute(
    asked_for: int, waited: int
) -> None:
    world = World()
    answers = iter([Progress(done=True), Progress(done=False, retry_after=asked_for, note="429"), Progress(done=True)])
    world.answers["stage_artifact"] = lambda _: next(answers)

    result = world.submit()

    assert settled(result)["error"] is None
    calls = result.calls_of("stage_artifact")
    assert len(calls) == 3
    assert timedelta(seconds=waited) <= calls[2].at - calls[1].at < timedelta(seconds=waited + 3)


def test_faults_of_several_artifacts_are_waited_for_together() -> None:
    world = World()
    faults = {"v2/customize-00": 3, "v2/customize-01": 3}

    def fetch(request: ArtifactRequest) -> None:
        if faults[request.artifact.blob]:
            faults[request.artifact.blob] -= 1
            raise ConnectionError("reset")

    world.answers["stage_artifact"] = fetch

    result = world.submit()

    assert settled(result)["error"] is None
    by_blob: dict[str, list[Any]] = {}
    for call in result.calls_of("stage_artifact"):
        by_blob.setdefault(call.input["artifact"]["blob"], []).append(call.at)
    first, second = by_blob.values()
    assert first == second


@pytest.mark.parametrize("activity", GOOD[:-2])
def test_a_submission_that_is_superseded_ends_at_its_next_activity_and_is_settled(activity: str) -> None:
    world = World()
    world.answers[activity] = Superseded("/template", 2)

    result = world.submit()

    assert settled(result)["error"]["code"] == "Superseded"


def test_what_is_under_way_for_a_superseded_submission_is_given_up() -> None:
    world = World()
    world.slow(start_storage=3)
    asked = world.answers["check_operation"]

    def check(request: Any) -> Any:
        if request.owner is not None and request.operation.doing == "start_storage":
            raise Superseded("/template", request.owner.version)
        return asked(request)

    world.answers["check_operation"] = check

    result = world.submit()

    assert settled(result)["error"]["code"] == "Superseded"
    assert not result.calls_of("create_containers")


def test_a_template_with_its_own_subnet_gets_no_network() -> None:
    world = World()
    world.answers["check_template"] = staging(own_subnet=True)

    result = world.submit()

    assert result.calls_of("start_security_group")
    assert not result.calls_of("start_network")
    assert settled(result)["error"] is None


def test_a_failure_of_azure_while_staging_fails_the_submission() -> None:
    world = World()
    world.answers["start_storage"] = AzureFailed("make the account", azure_code="Quota", azure_message="no more")

    result = world.submit()

    assert settled(result)["error"]["code"] == "AzureFailed"


def test_auto_run_builds_under_the_run_s_own_instance_id() -> None:
    world = World()
    world.answers["begin_automatic_run"] = Submitted(run=RUN, instance_id=ID)

    result = world.submit()

    (end,) = result.calls_of("finish_run")
    assert end.instance_id == ID
    assert end.input["state"] == "Succeeded"


def test_auto_run_waits_for_the_run_that_is_going() -> None:
    world = World()
    begun = iter([Submitted(busy=True), Submitted(run=RUN, instance_id=ID)])
    world.answers["begin_automatic_run"] = lambda _: next(begun)

    result = world.submit()

    names = [call.name for call in result.calls]
    assert names.index("begin_automatic_run") < names.index("check_idle") < names.index("make_plan")


def test_a_run_of_auto_run_can_be_canceled_like_any_other() -> None:
    world = World()
    world.answers["begin_automatic_run"] = Submitted(run=RUN, instance_id=ID)
    world.never("check_step")
    flow = world.runner.start("submit_template", SUBMISSION.model_dump(mode="json"))
    flow.run_until(lambda: bool(flow.calls_of("check_step")))

    Flow(flow._world, ID).raise_event("cancel", {"by": "test"})
    result = whole(flow.finish())

    (end,) = result.calls_of("finish_run")
    assert end.input["state"] == "Canceled"


def test_every_activity_may_run_twice() -> None:
    world = World()
    for name in GOOD:
        world.runner.redeliver(name, nth=None)

    result = world.submit()

    assert result.calls_of("finish_submission")[-1].input["error"] is None


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_the_host_may_die_after_any_step(seed: int | None) -> None:
    world = World(crash_every_step=True, seed=seed)
    world.answers["begin_automatic_run"] = Submitted(run=RUN, instance_id=ID)

    result = world.submit()

    assert settled(result)["error"] is None
    (end,) = result.calls_of("finish_run")
    assert end.input["state"] == "Succeeded"


def test_staging_tells_a_run_the_same_storage_as_its_submission() -> None:
    storage = StagedStorage(endpoint="https://other", log_blob="l")
    world = World()
    world.answers["create_containers"] = storage

    build = world.go()

    assert build.calls_of("start_step")[0].input["storage"] == storage.model_dump(mode="json")
