"""A version fits its definition, and its regions, replicas and dates follow Azure's rules."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError

from devkit.azure.compute.machines import Machines
from tests.contract.azure import bodies
from tests.contract.azure.harness import SEEDED, Harness, refused

if TYPE_CHECKING:
    from azure.core.polling import LROPoller

    from devkit.azure.store import Resource

GALLERY = ("rg-images", "gallery")
IMAGES = f"{SEEDED}/providers/Microsoft.Compute/galleries/gallery/images"
TRUSTED = {
    "publisher": "Canonical",
    "offer": "0001-com-ubuntu-server-jammy",
    "sku": "22_04-lts-gen2",
    "version": "latest",
}


def definition(cloud: Harness, name: str, **facts: Any) -> Any:
    identifier = {"publisher": "p", "offer": "o", "sku": name}
    properties = {"osType": "Linux", "osState": "Generalized", "identifier": identifier, **facts}
    body: Any = {"location": "westeurope", "properties": properties}
    return cloud.compute.gallery_images.begin_create_or_update(*GALLERY, name, body).result()


def trusted_definition(cloud: Harness, name: str, security: str) -> Any:
    return definition(cloud, name, features=[{"name": "SecurityType", "value": security}])


def generalized(cloud: Harness, image: dict[str, str] | None = None, size: str = "Standard_D2s_v5", **more: Any) -> str:
    bodies.stage(cloud)
    body = bodies.machine("rg", image=image)
    body["properties"] |= {"hardwareProfile": {"vmSize": size}, **more}
    machines = cloud.compute.virtual_machines
    vm = machines.begin_create_or_update("rg", "vm", body).result()
    machines.begin_deallocate("rg", "vm").result()
    machines.generalize("rg", "vm")
    return str(vm.id)


def publish(cloud: Harness, image: str, body: Any, name: str = "1.0.0") -> LROPoller[Any]:
    poller: LROPoller[Any] = cloud.compute.gallery_image_versions.begin_create_or_update(*GALLERY, image, name, body)
    return poller


def of_version(version_id: str, location: str = "westeurope") -> Any:
    return {"location": location, "properties": {"storageProfile": {"source": {"id": version_id}}}}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "gen1",
            r"different Hypervisor generation \['V2'\] than the parent gallery image Hypervisor generation \['V1'\]",
        ),
        ("arm", r"different architecture \['x64'\] than the parent gallery image architecture \['Arm64'\]"),
        ("win", r"different OS type \['Linux'\]"),
        ("special", r"OS State in the parent gallery image \(Specialized\) is not Generalized"),
        ("sealed", r"different security type \['Standard'\] than the parent gallery image security type"),
    ],
)
def test_a_version_fits_its_definition(cloud: Harness, name: str, words: str) -> None:
    definition(cloud, "special", osState="Specialized")
    trusted_definition(cloud, "sealed", "TrustedLaunch")
    vm = generalized(cloud)
    with pytest.raises(HttpResponseError, match=words) as caught:
        publish(cloud, name, bodies.version(vm))
    assert caught.value.error is not None
    assert (caught.value.status_code, caught.value.error.code) == (409, "Conflict")


@pytest.mark.parametrize(
    ("name", "sku", "size"), [("gen1", "12", "Standard_D2s_v3"), ("arm", "12-arm64", "Standard_D2ps_v5")]
)
def test_other_kinds_of_machines_go_into_definitions_of_their_kind(
    cloud: Harness, name: str, sku: str, size: str
) -> None:
    debian = {"publisher": "Debian", "offer": "debian-12", "sku": sku, "version": "latest"}
    vm = generalized(cloud, debian, size)
    publish(cloud, name, bodies.version(vm)).result()
    with pytest.raises(HttpResponseError, match="different"):
        publish(cloud, "hello", bodies.version(vm))


def test_a_trusted_machine_goes_into_definitions_that_can_start_it(cloud: Harness) -> None:
    trusted_definition(cloud, "sealed", "TrustedLaunch")
    vm = generalized(cloud, TRUSTED, securityProfile={"securityType": "TrustedLaunch"})
    with pytest.raises(HttpResponseError, match="security type"):
        publish(cloud, "hello", bodies.version(vm))
    for name in ("sealed", "trusted"):
        publish(cloud, name, bodies.version(vm)).result()
    cloud.network.network_interfaces.begin_create_or_update("rg", "nic2", bodies.interface("rg")).result()
    body = bodies.machine("rg", "nic2", {"id": f"{IMAGES}/sealed"})
    body["properties"]["storageProfile"]["osDisk"]["name"] = "disk2"
    create = cloud.compute.virtual_machines.begin_create_or_update
    refused(lambda: create("rg", "vm2", body), "BadRequest")
    body["properties"]["storageProfile"]["imageReference"] = {"id": f"{IMAGES}/trusted"}
    create("rg", "vm2", body).result()


def test_a_plan_of_the_definition_is_asked_of_its_machines(cloud: Harness) -> None:
    vm = generalized(cloud)
    publish(cloud, "planned", bodies.version(vm)).result()
    cloud.network.network_interfaces.begin_create_or_update("rg", "nic2", bodies.interface("rg")).result()
    body = bodies.machine("rg", "nic2", {"id": f"{IMAGES}/planned"})
    body["properties"]["storageProfile"]["osDisk"]["name"] = "disk2"
    create = cloud.compute.virtual_machines.begin_create_or_update
    refused(lambda: create("rg", "vm2", body), "VMMarketplaceInvalidInput")


def test_a_version_is_made_of_another_one_where_that_is(cloud: Harness) -> None:
    vm = generalized(cloud)
    first = publish(cloud, "hello", bodies.version(vm, "westeurope", "northeurope")).result()
    publish(cloud, "base", of_version(str(first.id))).result()
    publish(cloud, "app", of_version(str(first.id), "northeurope")).result()
    error = refused(lambda: publish(cloud, "app", of_version(str(first.id), "uksouth"), "1.0.1"), "NotFound")
    assert "is in the same region" in str(error)
    cloud.compute.gallery_image_versions.begin_delete(*GALLERY, "hello", "1.0.0").result()
    missing = refused(lambda: publish(cloud, "base", of_version(str(first.id)), "1.0.1"), "NotFound")
    assert "Source was not found" in str(missing)
    assert len(list((cloud.data / "images").iterdir())) == 2


def test_of_two_who_make_a_version_at_the_same_moment_one_is_refused(
    cloud: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines = [generalized(cloud), another(cloud)]
    look, both, looks = Machines.find, asyncio.Barrier(2), [0]

    async def look_together(of: Machines, resource: Resource) -> Any:
        """Look at each of the two sources, and go on when both were looked at; later looks do not wait."""
        looks[0] += 1
        if looks[0] <= len(machines):
            await both.wait()
        return await look(of, resource)

    monkeypatch.setattr(Machines, "find", look_together)

    def made_of(vm: str) -> str:
        try:
            publish(cloud, "hello", bodies.version(vm)).result()
        except HttpResponseError as error:
            return f"refused with {error.status_code}"
        return vm

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(made_of, machines))

    found = cloud.compute.gallery_image_versions.get(*GALLERY, "hello", "1.0.0")
    assert sorted(outcomes) == [found.properties.storage_profile.source.virtual_machine_id, "refused with 409"]


def another(cloud: Harness) -> str:
    """Return a second generalized machine."""
    cloud.network.network_interfaces.begin_create_or_update("rg", "nic2", bodies.interface("rg")).result()
    body = bodies.machine("rg", "nic2")
    body["properties"]["storageProfile"]["osDisk"]["name"] = "disk2"
    machines = cloud.compute.virtual_machines
    vm = machines.begin_create_or_update("rg", "vm2", body).result()
    machines.begin_deallocate("rg", "vm2").result()
    machines.generalize("rg", "vm2")
    return str(vm.id)


def test_a_source_is_in_the_versions_region(cloud: Harness) -> None:
    vm = generalized(cloud)
    body = {**bodies.version(vm, "northeurope"), "location": "northeurope"}
    assert "same region" in str(refused(lambda: publish(cloud, "hello", body), "NotFound"))


def test_the_latest_version_leaves_out_what_is_excluded_in_a_region(cloud: Harness) -> None:
    vm = generalized(cloud)
    publish(cloud, "hello", bodies.version(vm)).result()
    newer = bodies.version(vm)
    newer["properties"]["publishingProfile"]["targetRegions"][0]["excludeFromLatest"] = True
    made = publish(cloud, "hello", newer, "1.0.1").result()
    assert made.properties.publishing_profile.target_regions[0].exclude_from_latest
    cloud.network.network_interfaces.begin_create_or_update("rg", "nic2", bodies.interface("rg")).result()
    body = bodies.machine("rg", "nic2", {"id": f"{IMAGES}/hello"})
    body["properties"]["storageProfile"]["osDisk"]["name"] = "disk2"
    vm2 = cloud.compute.virtual_machines.begin_create_or_update("rg", "vm2", body).result()
    assert vm2.storage_profile.image_reference.exact_version == "1.0.0"


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"replicaCount": 101}, "between 1 and 100"),
        ({"targetRegions": [{"name": "westeurope", "regionalReplicaCount": 0}]}, "between 1 and 100"),
        ({"targetRegions": [{"name": "westeurope"}, {"name": "West Europe"}]}, "Duplicate regions"),
        ({"endOfLifeDate": "tomorrow"}, "is no date"),
        ({"replicationMode": "Shallow", "replicaCount": 2}, "Shallow"),
        (
            {"replicationMode": "Shallow", "targetRegions": [{"name": "westeurope", "regionalReplicaCount": 2}]},
            "Shallow",
        ),
    ],
)
def test_a_publishing_profile_out_of_bounds_is_refused(cloud: Harness, profile: dict[str, Any], words: str) -> None:
    vm = generalized(cloud)
    body = bodies.version(vm)
    body["properties"]["publishingProfile"] |= profile
    assert words in str(refused(lambda: publish(cloud, "hello", body), "InvalidParameter"))


def test_an_update_changes_what_it_names_alone(cloud: Harness) -> None:
    vm = generalized(cloud)
    full = bodies.version(vm, excludeFromLatest=True, endOfLifeDate="2031-01-01T00:00:00+00:00")
    publish(cloud, "hello", {**full, "tags": {"a": "1"}}).result()
    regions = [{"name": "westeurope", "regionalReplicaCount": 3}, {"name": "northeurope"}]
    change: Any = {"properties": {"publishingProfile": {"targetRegions": regions}, "storageProfile": {}}}
    versions = cloud.compute.gallery_image_versions
    made = versions.begin_update(*GALLERY, "hello", "1.0.0", change).result()
    profile = made.properties.publishing_profile
    assert (profile.exclude_from_latest, profile.end_of_life_date.year, made.tags) == (True, 2031, {"a": "1"})
    assert [(r.name, r.regional_replica_count) for r in profile.target_regions] == [
        ("West Europe", 3),
        ("North Europe", 1),
    ]
    other: Any = {"properties": {"storageProfile": {"source": {"virtualMachineId": vm + "x"}}}}
    refused(lambda: versions.begin_update(*GALLERY, "hello", "1.0.0", other), "PropertyChangeNotAllowed")
    none: Any = {"tags": {"b": "2"}}
    refused(lambda: versions.begin_update(*GALLERY, "hello", "9.9.9", none), "ResourceNotFound")
    assert versions.begin_update(*GALLERY, "hello", "1.0.0", none).result().tags == {"b": "2"}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"features": [{"name": "SecurityType", "value": "Odd"}]}, "is not one of"),
        ({"features": [{"name": "Speed", "value": "True"}]}, "is not one of"),
        ({"features": [{"name": "IsHibernateSupported", "value": "True"}] * 2}, "given twice"),
        ({"hyperVGeneration": "V1", "features": [{"name": "SecurityType", "value": "TrustedLaunch"}]}, "needs hyperV"),
        ({"hyperVGeneration": "V1", "architecture": "Arm64"}, "needs hyperVGeneration V2"),
        ({"purchasePlan": {"name": "n"}}, "required and missing"),
    ],
)
def test_a_definition_that_azure_does_not_have_is_refused(cloud: Harness, facts: dict[str, Any], words: str) -> None:
    with pytest.raises(HttpResponseError, match=words):
        definition(cloud, "odd", **facts)


def test_a_definitions_features_change_only_when_it_says_so(cloud: Harness) -> None:
    trusted_definition(cloud, "one", "TrustedLaunchSupported")
    with pytest.raises(HttpResponseError, match=r"galleryImage\.properties\.features"):
        trusted_definition(cloud, "one", "TrustedLaunch")
    changed = definition(
        cloud, "one", allowUpdateImage=True, features=[{"name": "SecurityType", "value": "TrustedLaunch"}]
    )
    assert changed.properties.features[0].value == "TrustedLaunch"
