"""The machines' size is checked against the region's sizes and the source image."""

from __future__ import annotations

from typing import Any

import pytest

from kiln.planner.facts import SizeFacts, SourceFacts
from kiln.planner.fit.size import PATH, size_misfits
from tests.unit.kiln.planner import samples

GOOD = SizeFacts(
    name="Standard_D2ds_v4", family="standardDDSv4Family", cores=2, quota=100, generations=("V1", "V2"), data_disks=4
)
GENERATION_2 = SizeFacts(name="Standard_D2s_v6", family="standardDSv6Family", cores=2, generations=("V2",))
ARM = SizeFacts(
    name="Standard_D2pds_v5", family="standardDPDSv5Family", cores=2, generations=("V2",), architecture="Arm64"
)
SIZES = {size.name.lower(): size for size in (GOOD, GENERATION_2, ARM)}


def found(size: str, source: SourceFacts = samples.LINUX, **changed: Any) -> list[str]:
    """Return the messages for a template with that size; `changed` are facts of the first of the sizes."""
    template = samples.template(vmProfile={"vmSize": size})
    sizes = {**SIZES, GOOD.name.lower(): GOOD.model_copy(update=changed)}
    problems = list(size_misfits(template, source, sizes))
    assert all(problem.target == PATH and problem.hint for problem in problems)
    return [problem.message for problem in problems]


@pytest.mark.parametrize("size", ["Standard_D2ds_v4", "standard_d2DS_V4", ""])
def test_a_size_that_fits_is_let_through_in_any_case_and_so_is_the_default(size: str) -> None:
    assert found(size) == []


def test_a_size_that_the_region_does_not_have_is_named_with_the_one_that_may_be_meant() -> None:
    assert found("Standard_D2sd_v4") == [f"{PATH}: westeurope has no machine size Standard_D2sd_v4."]
    (problem,) = size_misfits(samples.template(vmProfile={"vmSize": "Standard_D2sd_v4"}), samples.LINUX, SIZES)
    assert problem.hint is not None
    assert problem.hint.startswith("Did you mean Standard_D2ds_v4? ")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"restricted": "NotAvailableForSubscription"}, "may not use the machine size Standard_D2ds_v4 in westeurope"),
        ({"quota": 0}, "has 2 processors, and the subscription's quota of standardDDSv4Family in westeurope is 0"),
        ({"generations": ("V2",)}, "runs generation 2 alone, and the source image is of generation 1"),
        ({"architecture": "Arm64"}, "has processors of Arm64, and the source image is for x64"),
        ({"controllers": ("NVMe",)}, "has NVMe disk controllers alone, and the source image boots with SCSI"),
        ({"data_disks": 0}, "takes 0 data disks, and the machine would have 1"),
    ],
)
def test_a_size_that_cannot_be_used_is_told_with_the_reason(changed: dict[str, Any], words: str) -> None:
    source = samples.LINUX.model_copy(update={"generation": "V1", "data_disk_luns": (0,)})
    (message,) = found(GOOD.name, source, **changed)
    assert words in message


def test_an_arm_image_has_a_default_of_its_own() -> None:
    source = samples.LINUX.model_copy(update={"architecture": "Arm64"})
    template = samples.template()
    (problem,) = size_misfits(template, source, {GOOD.name.lower(): GOOD})
    assert "has no machine size Standard_D2p" in problem.message


def test_where_azure_lists_no_sizes_none_is_refused() -> None:
    assert list(size_misfits(samples.template(vmProfile={"vmSize": "Standard_Any"}), samples.LINUX, {})) == []
