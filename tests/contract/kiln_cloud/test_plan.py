from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from activities import plan as plans
from kiln.cloud import gallery
from kiln.errors import ErrorDetail, InternalFailure, RunCanceled, TemplateRefused, VersionTaken
from kiln.ids import RunRef, TemplateId
from kiln.planner.plan import Plan, WholePlan
from kiln.planner.targets import GalleryTarget
from kiln.plans import Plans
from kiln.runs.new_run import new_run
from kiln.runs.record import Phase, RunOutput, RunRecord, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import enter_phase
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import DEBIAN, VHD, body_with, done, plan_with, turned_off
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

pytestmark = pytest.mark.usefixtures("settings")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
OLD = "0.20250703.2162"


def definition() -> str:
    group = arm.group(f"rg-gallery-{uuid.uuid4().hex[:8]}")
    image_id = f"{group}/providers/Microsoft.Compute/galleries/mine/images/app"
    arm.definition(image_id)
    return image_id


def shared(image_id: str) -> dict[str, Any]:
    return {"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": image_id}


def asked(**properties: Any) -> tuple[TemplateRecord, RunRef]:
    """Store a template and a run of it."""
    template = TemplateId(subscription=SUBSCRIPTION, group="rg-images", name=f"t-{uuid.uuid4().hex[:10]}")
    record = TemplateRecord(
        id=template, body=body_with(**properties), created=NOW, changed=NOW, staging_group=f"IT_{template.name}"
    )
    Templates().create(record)
    return record, stored(new_run(record, NOW, uuid.uuid4().hex[:8]))


def stored(run: RunRecord) -> RunRef:
    Runs().create(enter_phase(run, Phase.PLAN, NOW))
    return RunRef(template=run.template, run_id=run.run_id)


def retry_of(record: TemplateRecord, run: RunRef, **ended: Any) -> RunRef:
    """End the run as given, and store a retry of it."""
    update = {"state": RunState.PARTIALLY_SUCCEEDED, "source_version": OLD, **ended}
    Runs().update(run.template, run.run_id, lambda found: found.model_copy(update=update))
    return stored(new_run(record, NOW, uuid.uuid4().hex[:8], retry_of=run.run_id))


def published(image_id: str) -> RunOutput:
    """Make a version as an earlier run's, and return its output."""
    plan = turned_off(plan_with(distribute=[shared(image_id)]))
    planned = plan.targets[0]
    assert isinstance(planned, GalleryTarget)
    assert plan.origin is not None
    target = planned.numbered("1.0.0")
    done(gallery.start_version(plan.origin, target))
    return RunOutput(
        name="gallery", kind="SharedImage", artifact_id=target.version_id, mark=target.mark, regions=("westeurope",)
    )


def test_a_run_remembers_what_it_is_built_from_and_what_it_does_not_use() -> None:
    network = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks"
    subnets = f"{network}/vnet-builds/subnets"
    vnet = {"subnetId": f"{subnets}/builds", "containerInstanceSubnetId": f"{subnets}/aci"}
    _, run = asked(vmProfile={"vnetConfig": vnet})

    plan = plans.make_plan(run)

    record = Runs().require(run.template, run.run_id)
    assert plan.machine is not None
    assert record.source_version == plan.machine.source.version == "0.20250911.2232"
    assert str(record.phases[0].note).startswith("vnetConfig.containerInstanceSubnetId is not used")


def test_a_plan_is_made_once_and_kept_with_its_scripts() -> None:
    record, run = asked(customize=[{"type": "Shell", "name": "hello", "inline": ["echo hello"]}])
    first = plans.make_plan(run)
    moved = record.model_copy(update={"staging_group": "elsewhere"})
    Templates().update(record.id, lambda _: moved)
    Runs().update(run.template, run.run_id, lambda found: found.model_copy(update={"source_version": None}))

    again = plans.make_plan(run)

    kept = Plans().require(run)
    assert again == first == kept.without_scripts()
    assert type(again) is Plan, "no script is in a history"
    assert "echo hello" in kept.scripts["customize-00"]
    assert Runs().require(run.template, run.run_id).source_version == kept.source_version


def test_of_two_who_plan_at_once_both_go_by_the_same_plan() -> None:
    _, run = asked()
    mine, other = plan_with(), plan_with()

    def make() -> WholePlan:
        Plans().made_once(run, lambda: other)
        return mine

    assert Plans().made_once(run, make) == other == Plans().require(run)


def test_a_run_whose_plan_is_gone_says_so() -> None:
    _, run = asked()

    with pytest.raises(InternalFailure, match=f"The plan of run {run.run_id} is not in the store"):
        Plans().require(run)


def test_a_run_that_was_canceled_makes_no_plan() -> None:
    _, run = asked()
    Runs().update(run.template, run.run_id, lambda found: found.model_copy(update={"state": RunState.CANCELING}))

    with pytest.raises(RunCanceled):
        plans.make_plan(run)


def test_a_version_that_is_taken_is_refused_before_anything_is_built() -> None:
    image_id = definition()
    published(image_id)
    _, run = asked(distribute=[shared(f"{image_id}/versions/1.0.0")])

    with pytest.raises(VersionTaken):
        plans.make_plan(run)


def test_a_body_that_todays_rules_refuse_is_told_as_a_templates_problem() -> None:
    record, _ = asked()
    run = stored(new_run(record, NOW, uuid.uuid4().hex[:8], body={"location": "westeurope", "properties": {}}))

    with pytest.raises(TemplateRefused, match="source"):
        plans.make_plan(run)


def test_a_retry_goes_on_from_the_image_that_is_there() -> None:
    image_id = definition()
    output = published(image_id)
    record, run = asked(distribute=[shared(image_id), VHD])
    late = RunOutput(name="vhd", kind="VHD", error=ErrorDetail(code="AzureFailed", message="no"))

    plan = plans.make_plan(retry_of(record, run, outputs=(output, late)))

    assert plan.machine is None
    assert plan.origin is not None
    assert plan.origin.version == output.artifact_id
    assert [target.run_output_name for target in plan.targets] == ["vhd"]


@pytest.mark.parametrize(
    "ended",
    [
        {"outputs": ()},
        {"state": RunState.FAILED, "error": ErrorDetail(code="ValidatorFailed", message="bad")},
    ],
    ids=["none is there", "it was not good"],
)
def test_a_retry_builds_again_from_the_same_version_if(ended: dict[str, Any]) -> None:
    record, run = asked(source=DEBIAN)

    plan = plans.make_plan(retry_of(record, run, **ended))

    assert plan.machine is not None
    assert plan.machine.source.version == OLD


def test_a_retry_does_not_count_on_an_image_that_was_deleted() -> None:
    image_id = definition()
    record, run = asked(distribute=[shared(image_id), VHD])
    gone = RunOutput(
        name="gallery", kind="SharedImage", artifact_id=f"{image_id}/versions/1.0.0", regions=("westeurope",)
    )

    plan = plans.make_plan(retry_of(record, run, outputs=(gone,)))

    assert plan.machine is not None
    assert len(plan.targets) == 2
