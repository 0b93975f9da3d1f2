from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiln.cloud import machines, managed_image_source
from kiln.errors import SourceNotFound, provisioning_code
from kiln.template.sources import ManagedImageSource
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import machine_of, plan_with, turned_off
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

if TYPE_CHECKING:
    from kiln.planner.facts import SourceFacts

IMAGES = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/images"


@pytest.fixture
def image() -> str:
    """A managed image of a machine with an additional disk."""
    plan = turned_off(plan_with(additionalDataDisks=[{"sizeGB": 8}]))
    image_id = f"{IMAGES}/{plan.run.run_id}"
    arm.managed_image(image_id, {"sourceVirtualMachine": {"id": machines.machine_id(machine_of(plan))}})
    return image_id


def facts(image_id: str, location: str = "westeurope", subscription: str = SUBSCRIPTION) -> SourceFacts:
    source = ManagedImageSource(type="ManagedImage", image_id=image_id)
    return managed_image_source.source_facts(subscription, location, source)


def test_an_image_has_no_version_but_says_what_it_is_made_of(image: str) -> None:
    found = facts(image, "West Europe")

    assert (found.reference.id, found.version) == (image, "")
    assert (found.os, found.generation, found.security) == ("Linux", "V2", "Standard")
    assert found.disk_size_gb == 30
    assert found.data_disk_luns == (0,)


def test_an_image_elsewhere_is_refused(image: str) -> None:
    with pytest.raises(SourceNotFound, match="is in westeurope, but the template is in northeurope"):
        facts(image, "northeurope")
    with pytest.raises(SourceNotFound, match="is not in the template's subscription other"):
        facts(image, subscription="other")


def test_an_image_that_is_not_there_is_named(image: str) -> None:
    with pytest.raises(SourceNotFound) as caught:
        facts(f"{image}-not")

    assert f"{image}-not does not exist" in str(caught.value)
    assert caught.value.detail.target == "properties.source.imageId"
    assert provisioning_code(caught.value.detail) == "BadManagedImageSource"


def test_an_image_that_is_not_generalized_is_refused() -> None:
    plan = turned_off(plan_with())
    image_id = f"{IMAGES}/{plan.run.run_id}"
    disk = machines.disk_ids(machine_of(plan))[0]
    profile = {"osDisk": {"osType": "Linux", "osState": "Specialized", "managedDisk": {"id": disk}}}
    arm.managed_image(image_id, {"storageProfile": profile})

    with pytest.raises(SourceNotFound, match="is not generalized"):
        facts(image_id)
