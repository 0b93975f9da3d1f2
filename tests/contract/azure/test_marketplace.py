from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError

from tests.contract.azure import bodies
from tests.contract.azure.harness import SUBSCRIPTION, refused

if TYPE_CHECKING:
    from tests.contract.azure.harness import Harness

DEBIAN = ("westeurope", "Debian", "debian-12", "12-gen2")


def test_publishers_offers_skus_and_versions_are_listed(cloud: Harness) -> None:
    images = cloud.compute.virtual_machine_images
    assert {"Debian", "Canonical", "MicrosoftWindowsServer"} <= {p.name for p in images.list_publishers("westeurope")}
    assert [offer.name for offer in images.list_offers("westeurope", "debian")] == ["debian-12"]
    assert [sku.name for sku in images.list_skus("westeurope", "Debian", "debian-12")] == [
        "12",
        "12-arm64",
        "12-gen2",
    ]
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


def version(cloud: Harness, publisher: str, offer: str, sku: str) -> Any:
    newest = cloud.compute.virtual_machine_images.list("westeurope", publisher, offer, sku, orderby="name desc", top=1)
    return cloud.compute.virtual_machine_images.get("westeurope", publisher, offer, sku, newest[0].name)


def test_each_kind_of_image_says_what_it_is(cloud: Harness) -> None:
    first, arm = version(cloud, "Debian", "debian-12", "12"), version(cloud, "Debian", "debian-12", "12-arm64")
    assert (first.hyper_v_generation, first.architecture) == ("V1", "x64")
    assert (arm.hyper_v_generation, arm.architecture) == ("V2", "Arm64")
    trusted = version(cloud, "Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2")
    features = {feature.name: feature.value for feature in trusted.features}
    assert features == {"SecurityType": "TrustedLaunchSupported", "IsAcceleratedNetworkSupported": "True"}
    planned = version(cloud, "almalinux", "almalinux", "9-gen2")
    assert (planned.plan.publisher, planned.plan.product, planned.plan.name) == ("almalinux", "almalinux", "9-gen2")
    assert planned.data_disk_images == []
    ending = version(cloud, "Canonical", "0001-com-ubuntu-server-focal", "20_04-lts-gen2").image_deprecation_status
    assert ending.image_state == "ScheduledForDeprecation"
    assert ending.scheduled_deprecation_time.year == 2030
    assert (ending.alternative_option.type, ending.alternative_option.value) == ("Offer", "ubuntu-24_04-lts")


def test_a_new_sku_has_the_facts_it_was_published_with_and_a_new_version_takes_them_over(cloud: Harness) -> None:
    urn = {"publisher": "contoso", "offer": "appliance", "sku": "one"}
    facts = {
        "osType": "Linux",
        "plan": {"publisher": "contoso", "product": "appliance", "name": "one"},
        "features": [{"name": "SecurityType", "value": "TrustedLaunch"}],
        "dataDiskImages": [{"lun": 0}, {"lun": 4}],
    }
    cloud.local("POST", "marketplace", json={**urn, **facts, "version": "1.0.0"})
    cloud.local("POST", "marketplace", json={**urn, "version": "1.0.1"})
    newest = version(cloud, "contoso", "appliance", "one")
    assert newest.name == "1.0.1"
    assert [disk.lun for disk in newest.data_disk_images] == [0, 4]
    assert [(feature.name, feature.value) for feature in newest.features] == [("SecurityType", "TrustedLaunch")]
    assert newest.plan.name == "one"


def test_a_deprecated_version_is_gone_and_the_latest_is_another_one(cloud: Harness) -> None:
    urn = {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"}
    ended = {**urn, "version": "0.20250911.2232", "deprecation": {"imageState": "Deprecated"}}
    cloud.local("POST", "marketplace", json=ended)
    get = cloud.compute.virtual_machine_images.get
    error = refused(lambda: get(*DEBIAN, "0.20250911.2232"), "ImageVersionDeprecated")
    assert error.status_code == 404
    bodies.stage(cloud)
    machine = bodies.machine("rg", image={**urn, "version": "latest"})
    vm = cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", machine).result()
    assert vm.storage_profile.image_reference.exact_version == "0.20250703.2162"
