from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kiln.planner.preview import preview_assumptions, preview_plan
from kiln.planner.targets import GalleryTarget
from tests.unit.kiln.planner import samples

if TYPE_CHECKING:
    from kiln.planner.plan import Plan

WINDOWS = {**samples.PLATFORM, "publisher": "MicrosoftWindowsServer", "offer": "WindowsServer"}
GALLERY_SOURCE = {"type": "SharedImageVersion", "imageVersionId": f"{samples.IMAGE}/versions/latest"}
MANAGED_SOURCE = {"type": "ManagedImage", "imageId": f"{samples.MANAGED}/base"}


def preview(**properties: Any) -> Plan:
    return preview_plan(samples.template(**properties), template_id=samples.TEMPLATE_ID)


@pytest.mark.parametrize(
    ("properties", "os"),
    [
        ({}, "Linux"),
        ({"source": WINDOWS}, "Windows"),
        ({"source": GALLERY_SOURCE}, "Linux"),
        ({"source": MANAGED_SOURCE, "customize": [{"type": "WindowsUpdate"}]}, "Windows"),
        ({"source": GALLERY_SOURCE, "validate": {"inVMValidations": [samples.SHELL]}}, "Linux"),
    ],
)
def test_the_operating_system_is_what_the_template_implies(properties: dict[str, Any], os: str) -> None:
    assert samples.machine_of(preview(**properties)).os == os


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (GALLERY_SOURCE, GALLERY_SOURCE["imageVersionId"]),
        (MANAGED_SOURCE, MANAGED_SOURCE["imageId"]),
    ],
)
def test_a_preview_starts_from_what_the_template_names(source: dict[str, Any], expected: str) -> None:
    assert samples.machine_of(preview(source=source)).source.id == expected


def test_a_marketplace_version_stays_unresolved() -> None:
    assert samples.machine_of(preview()).source.version == "latest"


def test_arm_is_known_by_its_sku() -> None:
    source = {**samples.PLATFORM, "sku": "12-arm64"}

    assert samples.machine_of(preview(source=source)).size == "Standard_D2ps_v5"


@pytest.mark.parametrize(("scheme", "version"), [("Latest", "next"), ("Source", "0.0.0")])
def test_a_version_is_the_next_one_or_a_placeholder_for_the_source_s(scheme: str, version: str) -> None:
    (target,) = preview(distribute=[{**samples.GALLERY, "versioning": {"scheme": scheme}}]).targets

    assert isinstance(target, GalleryTarget)
    assert target.version == version


def test_a_named_staging_group_is_the_one() -> None:
    group = preview(stagingResourceGroup=f"/subscriptions/{samples.SUBSCRIPTION}/resourceGroups/mine").staging.group

    assert (group.name, group.given) == ("mine", True)


def test_a_preview_says_what_it_takes_for_granted() -> None:
    first, second, third = preview_assumptions(samples.template(source=WINDOWS))

    assert "Windows, x64, generation 2" in first
    assert "Image definitions" in second
    assert "placeholders" in third
    assert len(preview_assumptions(samples.template(distribute=[samples.VHD]))) == 2
