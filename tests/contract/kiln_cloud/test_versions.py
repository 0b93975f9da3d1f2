"""Numbers of gallery versions: chosen and reserved among the runs of one installation, whatever they do at once."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from activities import plan as plans
from activities import runs
from activities.target_names import choose_version
from kiln.cloud import gallery
from kiln.contracts.images import VersionRequest
from kiln.contracts.runs import FinishReport
from kiln.errors import RunCanceled, VersionTaken
from kiln.ids import RunRef, TemplateId
from kiln.planner.targets import GalleryTarget
from kiln.runs.documents import documents
from kiln.runs.ledgers import Ledgers
from kiln.runs.new_run import new_run
from kiln.runs.record import Phase, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import enter_phase
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import body_with, done, plan_with, turned_off
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("settings")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def definition() -> str:
    group = arm.group(f"rg-versions-{uuid.uuid4().hex[:8]}")
    image_id = f"{group}/providers/Microsoft.Compute/galleries/mine/images/app"
    arm.definition(image_id)
    return image_id


def shared(image_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": image_id, **more}


def running(**properties: Any) -> RunRef:
    """Store a new template and a run of it that is under way."""
    template = TemplateId(subscription=SUBSCRIPTION, group="rg-images", name=f"t-{uuid.uuid4().hex[:10]}")
    record = TemplateRecord(
        id=template, body=body_with(**properties), created=NOW, changed=NOW, staging_group=f"IT_{template.name}"
    )
    Templates().create(record)
    run = new_run(record, NOW, uuid.uuid4().hex[:8])
    Runs().create(enter_phase(run, Phase.PLAN, NOW))
    return RunRef(template=run.template, run_id=run.run_id)


def end(run: RunRef) -> None:
    report = FinishReport(run=run, at=NOW.isoformat(), state=RunState.FAILED, message="")
    runs.finish_run(report)


def target(image_id: str, output: str = "gallery", major: int | None = None) -> GalleryTarget:
    return GalleryTarget(
        kind="SharedImage",
        run_output_name=output,
        image_id=image_id,
        version="next",
        major=major,
        location="westeurope",
        regions=(),
        exclude_from_latest=False,
        tags={},
        mark="",
    )


def chosen(run: RunRef, of: GalleryTarget, *refused: str) -> str:
    return choose_version(VersionRequest(run=run, target=of, refused=refused)).version


def reserved(image_id: str) -> list[str]:
    """Return the numbers of a definition that are reserved in Kiln's store."""
    group = image_id.split("/")[4]
    paths = documents().paths(f"reservations/{SUBSCRIPTION}/{group}/mine/app/")
    return [path.rpartition("/")[2].removesuffix(".json") for path in paths]


def publish(image_id: str, *versions: str) -> None:
    """Publish versions as somebody else does."""
    plan = turned_off(plan_with(distribute=[shared(image_id)]))
    planned = plan.targets[0]
    assert isinstance(planned, GalleryTarget)
    assert plan.origin is not None
    for version in versions:
        done(gallery.start_version(plan.origin, planned.numbered(version)))


def test_runs_that_choose_at_the_same_moment_get_different_numbers() -> None:
    image_id = definition()
    at_once = [running() for _ in range(6)]

    with ThreadPoolExecutor(len(at_once)) as pool:
        versions = list(pool.map(lambda run: chosen(run, target(image_id)), at_once))

    assert sorted(versions) == [f"1.0.{patch}" for patch in range(6)]


def test_two_targets_of_one_run_get_two_numbers() -> None:
    image_id, run = definition(), running()

    assert chosen(run, target(image_id)) == "1.0.0"
    assert chosen(run, target(image_id.upper(), "second")) == "1.0.1"


def test_a_choice_that_is_made_again_is_the_same() -> None:
    image_id, run = definition(), running()
    first = chosen(run, target(image_id))
    assert chosen(running(), target(image_id)) == "1.0.1"

    assert chosen(run, target(image_id)) == first == "1.0.0"


def test_the_next_number_follows_those_that_azure_has_within_its_major_and_passes_over_the_refused() -> None:
    image_id, run = definition(), running()
    publish(image_id, "1.0.4", "2.0.0")

    assert chosen(run, target(image_id, "any")) == "2.0.1"
    assert chosen(run, target(image_id, "one", major=1)) == "1.0.5"
    assert chosen(run, target(image_id, "three", major=3)) == "3.0.0"
    assert chosen(run, target(image_id, "again"), "2.0.1", "2.0.2") == "2.0.3"


def gone(run: RunRef) -> None:
    Runs().delete(run.template, run.run_id)


def over_without_a_word(run: RunRef) -> None:
    Runs().update(run.template, run.run_id, lambda found: found.model_copy(update={"state": RunState.FAILED}))


@pytest.mark.parametrize("leave", [end, gone, over_without_a_word], ids=["it ended", "it was purged", "its host died"])
def test_the_number_of_a_run_that_is_over_is_free(leave: Callable[[RunRef], None]) -> None:
    image_id, before = definition(), running()
    assert chosen(before, target(image_id)) == "1.0.0"

    leave(before)

    assert chosen(running(), target(image_id)) == "1.0.0"


def test_what_a_run_reserved_goes_when_it_ends_and_what_others_have_stays() -> None:
    image_id, first, second = definition(), running(), running()
    for run, output in ((first, "gallery"), (first, "second"), (second, "gallery")):
        chosen(run, target(image_id, output))
    assert reserved(image_id) == ["1.0.0", "1.0.1", "1.0.2"]

    end(first)
    assert reserved(image_id) == ["1.0.2"]

    assert chosen(running(), target(image_id)) == "1.0.0"
    end(first)  # an activity may run twice
    assert reserved(image_id) == ["1.0.0", "1.0.2"]


def test_a_run_whose_clean_up_has_begun_chooses_nothing() -> None:
    image_id, run = definition(), running()
    Ledgers().close(run.template, run.run_id)

    with pytest.raises(RunCanceled):
        chosen(run, target(image_id))

    assert reserved(image_id) == []


def test_a_named_version_is_reserved_before_anything_is_built() -> None:
    image_id = definition()
    named = [shared(f"{image_id}/versions/1.0.0")]
    first, second = running(distribute=named), running(distribute=named)
    plans.make_plan(first)

    with pytest.raises(VersionTaken, match=f"is being made by run {first.run_id} of {first.template.arm}"):
        plans.make_plan(second)
    assert plans.make_plan(first).targets[0].run_output_name == "gallery"  # an activity may run twice
    assert chosen(running(), target(image_id)) == "1.0.1"

    end(first)
    plans.make_plan(second)


def test_a_named_version_that_a_run_has_chosen_already_is_refused() -> None:
    image_id = definition()
    other = running()
    assert chosen(other, target(image_id)) == "1.0.0"

    with pytest.raises(VersionTaken, match="is being made by run"):
        plans.make_plan(running(distribute=[shared(f"{image_id}/versions/1.0.0")]))


def test_the_source_s_own_number_is_reserved_like_a_named_one() -> None:
    image_id = definition()
    own = [shared(image_id, versioning={"scheme": "Source"})]
    plans.make_plan(running(distribute=own))

    with pytest.raises(VersionTaken, match="is being made by run"):
        plans.make_plan(running(distribute=own))


def test_of_two_that_name_a_version_at_the_same_moment_one_is_refused_before_anything_is_built() -> None:
    named = [shared(f"{definition()}/versions/1.0.0")]

    def planned(run: RunRef) -> bool:
        try:
            plans.make_plan(run)
        except VersionTaken:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        went_on = list(pool.map(planned, [running(distribute=named) for _ in range(4)]))

    assert sorted(went_on) == [False, False, False, True]
