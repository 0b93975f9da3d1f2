from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiln.errors import ErrorDetail
from kiln.planner.retry import Retry
from kiln.planner.targets import GalleryTarget
from kiln.runs.record import RunOutput
from tests.unit.kiln.planner import samples

if TYPE_CHECKING:
    from kiln.planner.plan import Plan

BROKEN = ErrorDetail(code="AzureFailed", message="there is no room")
MADE = RunOutput(
    name="gallery", kind="SharedImage", artifact_id=f"{samples.IMAGE}/versions/1.0.7", regions=("westeurope",)
)
LATE = MADE.model_copy(update={"error": BROKEN})
NO_VHD = RunOutput(name="vhd", kind="VHD", error=BROKEN)
A_VHD = RunOutput(name="vhd", kind="VHD", artifact_uri="https://example.com/vhd")


def retried(*outputs: RunOutput, invalid: bool = False) -> Plan:
    retry = Retry(outputs=outputs, source_version=samples.LINUX.version, invalid=invalid)
    facts = samples.facts_of(samples.template())
    return samples.plan(facts=facts, retry=retry, distribute=[samples.GALLERY, samples.VHD])


def is_whole_build(plan: Plan) -> bool:
    return plan.machine is not None and len(plan.targets) == 2 and plan.done == ()


def test_with_a_good_gallery_version_only_the_failed_targets_are_made_from_it() -> None:
    plan = retried(MADE, NO_VHD)

    assert plan.machine is None
    assert (plan.steps, plan.generalize, plan.validation) == ((), None, None)
    assert [target.run_output_name for target in plan.targets] == ["vhd"]
    assert plan.origin is not None
    assert plan.origin.machine is None
    assert plan.origin.version == MADE.artifact_id
    assert plan.origin.disk.endswith(f"/disks/kiln-{samples.RUN.run_id}-origin")
    assert plan.origin.location == "westeurope"
    assert plan.done == (MADE,)


def test_a_version_that_only_lacks_regions_is_the_same_version_again() -> None:
    plan = retried(LATE, A_VHD)

    (target,) = plan.targets
    assert isinstance(target, GalleryTarget)
    assert target.version == "1.0.7"
    assert plan.done == (LATE, A_VHD)


def test_the_origin_is_taken_from_where_the_version_is() -> None:
    plan = retried(MADE.model_copy(update={"regions": ("northeurope",)}), NO_VHD)

    assert plan.origin is not None
    assert plan.origin.location == "northeurope"


def test_a_whole_version_is_a_better_origin_than_one_that_lacks_regions() -> None:
    second = {**samples.GALLERY, "runOutputName": "second"}
    whole = MADE.model_copy(update={"name": "second", "artifact_id": f"{samples.IMAGE}/versions/1.0.8"})
    retry = Retry(outputs=(LATE, whole), source_version=samples.LINUX.version)
    plan = samples.plan(retry=retry, distribute=[samples.GALLERY, second])

    assert plan.origin is not None
    assert plan.origin.version == whole.artifact_id


def test_a_target_that_was_never_reached_is_due_as_well() -> None:
    assert [target.run_output_name for target in retried(MADE).targets] == ["vhd"]


@pytest.mark.parametrize(
    "outputs",
    [
        (),
        (A_VHD,),
        (RunOutput(name="gallery", kind="SharedImage", error=BROKEN), NO_VHD),
        (MADE.model_copy(update={"regions": (), "error": BROKEN}), NO_VHD),
        (MADE, A_VHD),
    ],
    ids=["nothing was made", "no gallery version", "all failed", "in no region", "nothing is due"],
)
def test_without_a_good_gallery_version_or_anything_due_all_is_built_again(outputs: tuple[RunOutput, ...]) -> None:
    assert is_whole_build(retried(*outputs))


def test_an_image_that_failed_its_validation_is_built_again() -> None:
    assert is_whole_build(retried(MADE, NO_VHD, invalid=True))


def test_a_managed_image_with_data_disks_is_not_made_from_a_version() -> None:
    managed = {
        "type": "ManagedImage",
        "runOutputName": "managed",
        "imageId": f"{samples.MANAGED}/hello",
        "location": "westeurope",
    }
    failed = RunOutput(name="managed", kind="ManagedImage", error=BROKEN)
    retry = Retry(outputs=(MADE, failed), source_version=samples.LINUX.version)
    distribute = [samples.GALLERY, managed]

    assert samples.plan(retry=retry, distribute=distribute).machine is None
    assert samples.plan(retry=retry, distribute=distribute, additionalDataDisks=[{"sizeGB": 4}]).machine is not None
    source = samples.LINUX.model_copy(update={"data_disk_luns": (0,)})
    assert samples.plan(source, retry=retry, distribute=distribute).machine is not None


def test_a_retry_is_of_the_very_same_source() -> None:
    retry = Retry(source_version="0.1.1")

    with pytest.raises(ValueError, match=r"a retry of 0\.1\.1"):
        samples.plan(retry=retry)
