from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from kiln.cloud import gallery_source, machines
from kiln.errors import SourceNotFound, provisioning_code
from kiln.template.sources import SharedImageSource
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import machine_of, plan_with, turned_off

if TYPE_CHECKING:
    from kiln.planner.facts import SourceFacts

pytestmark = pytest.mark.usefixtures("settings")


@pytest.fixture
def image() -> str:
    """An image definition of its own."""
    group = arm.group(f"rg-gallery-{uuid.uuid4().hex[:8]}")
    image_id = f"{group}/providers/Microsoft.Compute/galleries/mine/images/base"
    arm.definition(image_id)
    return image_id


@pytest.fixture
def machine() -> str:
    """A generalized machine to make versions of."""
    return machines.machine_id(machine_of(turned_off(plan_with())))


def facts(image: str, version: str, location: str = "westeurope", exact: str | None = None) -> SourceFacts:
    source = SharedImageSource(type="SharedImageVersion", image_version_id=f"{image}/versions/{version}")
    return gallery_source.source_facts(location, source, exact)


def test_a_version_has_the_facts_of_its_definition(machine: str) -> None:
    group = arm.group(f"rg-gallery-{uuid.uuid4().hex[:8]}")
    image = f"{group}/providers/Microsoft.Compute/galleries/mine/images/trusted"
    arm.definition(image, features=[{"name": "SecurityType", "value": "TrustedLaunchSupported"}], architecture="x64")
    arm.version(image, "1.0.0", machine)

    found = facts(image, "1.0.0")

    assert found.version == "1.0.0"
    assert found.reference.id == f"{image}/versions/1.0.0"
    assert (found.os, found.generation, found.architecture) == ("Linux", "V2", "x64")
    assert found.security == "TrustedLaunchSupported"
    assert found.disk_size_gb == 30


def test_latest_is_the_highest_number_that_is_not_excluded(image: str, machine: str) -> None:
    arm.version(image, "9.0.0", machine)
    arm.version(image, "10.0.0", machine)
    arm.version(image, "11.0.0", machine, excluded=True)

    assert facts(image, "latest").version == "10.0.0"
    assert facts(image, "11.0.0").version == "11.0.0"
    assert facts(image, "latest", exact="9.0.0").version == "9.0.0"


def test_latest_is_one_that_the_templates_region_has(image: str, machine: str) -> None:
    arm.version(image, "1.0.0", machine, "westeurope", "northeurope")
    arm.version(image, "2.0.0", machine)

    assert facts(image, "latest", "northeurope").version == "1.0.0"


def test_a_version_that_the_region_has_not_names_the_regions_that_have_it(image: str, machine: str) -> None:
    arm.version(image, "1.0.0", machine, "westeurope", "northeurope")

    with pytest.raises(SourceNotFound) as caught:
        facts(image, "1.0.0", "francecentral")

    assert "it is in westeurope, northeurope" in str(caught.value)
    assert provisioning_code(caught.value.detail) == "BadSharedImageVersionSource"
    with pytest.raises(SourceNotFound, match=r"1\.0\.0 is in westeurope, northeurope"):
        facts(image, "latest", "francecentral")


def test_what_is_not_there_is_named_with_what_is(image: str, machine: str) -> None:
    arm.version(image, "1.0.0", machine)

    with pytest.raises(SourceNotFound, match=r"has no version 3\.0\.0.* Its newest versions: 1\.0\.0"):
        facts(image, "3.0.0")
    with pytest.raises(SourceNotFound, match="galleries/mine/images/other does not exist"):
        facts(image.replace("/base", "/other"), "latest")


def test_a_specialized_image_is_refused(image: str) -> None:
    specialized = image.replace("/base", "/special")
    arm.definition(specialized, osState="Specialized")

    with pytest.raises(SourceNotFound, match="is specialized"):
        facts(specialized, "latest")
