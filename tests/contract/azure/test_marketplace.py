from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError

from tests.contract.azure.harness import SUBSCRIPTION

if TYPE_CHECKING:
    from tests.contract.azure.harness import Harness

DEBIAN = ("westeurope", "Debian", "debian-12", "12-gen2")


def test_publishers_offers_skus_and_versions_are_listed(cloud: Harness) -> None:
    images = cloud.compute.virtual_machine_images
    assert {"Debian", "Canonical", "MicrosoftWindowsServer"} <= {p.name for p in images.list_publishers("westeurope")}
    assert [offer.name for offer in images.list_offers("westeurope", "debian")] == ["debian-12"]
    assert [sku.name for sku in images.list_skus("westeurope", "Debian", "debian-12")] == ["12-gen2"]
    newest = images.list(*DEBIAN, orderby="name desc", top=1)
    assert [image.name for image in newest] == ["0.20250911.2232"]
    assert len(images.list(*DEBIAN)) == 3


def test_a_version_has_the_facts_that_a_build_asks_for(cloud: Harness) -> None:
    image = cloud.compute.virtual_machine_images.get(*DEBIAN, "0.20250911.2232")
    assert (image.hyper_v_generation, image.architecture) == ("V2", "x64")
    assert image.os_disk_image.operating_system == "Linux"
    assert image.image_deprecation_status.image_state == "Active"
    listed = cloud.compute.virtual_machine_images.list(*DEBIAN, expand="properties")
    assert [entry.location for entry in listed] == ["westeurope"] * 3
    with pytest.raises(HttpResponseError) as refused:
        cloud.compute.virtual_machine_images.get(*DEBIAN, "9.9.9")
    assert refused.value.status_code == 404


def test_lists_are_bare_arrays(cloud: Harness) -> None:
    base = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/publishers"
    body = cloud.http("GET", base).json()
    assert isinstance(body, list)
    assert set(body[0]) == {"location", "name", "id"}


def test_a_published_version_becomes_the_newest_by_number(cloud: Harness) -> None:
    urn = {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "0.20251001.10000"}
    cloud.local("POST", "marketplace", json=urn)
    newest = cloud.compute.virtual_machine_images.list(*DEBIAN, orderby="name desc", top=1)
    assert [image.name for image in newest] == ["0.20251001.10000"]
    image = cloud.compute.virtual_machine_images.get(*DEBIAN, "0.20251001.10000")
    assert image.os_disk_image.operating_system == "Linux"
