"""A machine and its image have to fit: processor, generation, security type, plan, operating system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.azure import bodies
from tests.contract.azure.harness import SEEDED, Harness, refused

if TYPE_CHECKING:
    from collections.abc import Callable

TRUSTED = {
    "publisher": "Canonical",
    "offer": "0001-com-ubuntu-server-jammy",
    "sku": "22_04-lts-gen2",
    "version": "latest",
}
PLANNED = {"publisher": "almalinux", "offer": "almalinux", "sku": "9-gen2", "version": "latest"}
PLAN = {"publisher": "almalinux", "product": "almalinux", "name": "9-gen2"}
WINDOWS = {
    "publisher": "MicrosoftWindowsServer",
    "offer": "WindowsServer",
    "sku": "2022-datacenter-g2",
    "version": "latest",
}
BUILDER = f"{SEEDED}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder"


def debian(sku: str) -> dict[str, str]:
    return {"publisher": "Debian", "offer": "debian-12", "sku": sku, "version": "latest"}


def machine(image: dict[str, str], size: str = "Standard_D2s_v5", **properties: Any) -> Any:
    body = bodies.machine("rg", image=image)
    body["properties"] |= {"hardwareProfile": {"vmSize": size}, **properties}
    return body


def windows(**profile: Any) -> Any:
    body = machine(WINDOWS)
    del body["properties"]["osProfile"]["linuxConfiguration"]
    body["properties"]["osProfile"] |= profile
    return body


def make(cloud: Harness, body: Any) -> Callable[[], Any]:
    return lambda: cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", body).result()


@pytest.fixture(autouse=True)
def _staged(cloud: Harness) -> None:
    bodies.stage(cloud)


@pytest.mark.parametrize(
    ("image", "size", "code", "words"),
    [
        (debian("12-arm64"), "Standard_D2s_v5", "InvalidParameter", "only supports a CPU Architecture of 'x64'"),
        (debian("12-gen2"), "Standard_D2ps_v5", "InvalidParameter", "only supports a CPU Architecture of 'Arm64'"),
        (debian("12-gen2"), "Standard_D1_v2", "BadRequest", "cannot boot Hypervisor Generation '2'"),
        (debian("12"), "Standard_D2s_v6", "BadRequest", "cannot boot Hypervisor Generation '1'"),
        (
            debian("12"),
            "Standard_D2sd_v4",
            "InvalidParameter",
            "D2sd_v4 provided for the VM size is not valid",
        ),
        (debian("12-gen2"), "Standard_NC24ads_A100_v4", "SkuNotAvailable", "is not available in location 'westeurope'"),
    ],
)
def test_a_size_that_cannot_boot_the_image_is_refused(
    cloud: Harness, image: dict[str, str], size: str, code: str, words: str
) -> None:
    assert words in str(refused(make(cloud, machine(image, size)), code))


def test_a_size_with_nvme_alone_boots_images_that_are_for_it_and_refuses_others(cloud: Harness) -> None:
    refusal = refused(make(cloud, machine(debian("12-gen2"), "Standard_D2s_v6")), "InvalidParameter")
    assert "cannot boot with OS image or disk" in str(refusal)
    ubuntu = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
    make(cloud, machine(ubuntu, "Standard_D2s_v6"))()


def test_a_size_that_is_not_in_the_region_is_refused(cloud: Harness) -> None:
    body = {**machine(debian("12-gen2"), "Standard_DC2as_v5"), "location": "polandcentral"}
    said = str(refused(make(cloud, body), "InvalidParameter"))
    assert "The requested VM size Standard_DC2as_v5 is not available in the current region." in said


@pytest.mark.parametrize(
    ("image", "size", "generation"),
    [(debian("12"), "Standard_D1_v2", "V1"), (debian("12-arm64"), "Standard_D2ps_v5", "V2")],
)
def test_images_of_generation_1_and_for_arm_boot_on_their_sizes(
    cloud: Harness, image: dict[str, str], size: str, generation: str
) -> None:
    make(cloud, machine(image, size))()
    assert cloud.compute.virtual_machines.instance_view("rg", "vm").hyper_v_generation == generation
    disk = cloud.compute.disks.get("rg", "disk")
    assert disk.supported_capabilities.architecture == ("Arm64" if "p" in size.split("_")[1] else "x64")


def test_trusted_launch_needs_an_image_that_supports_it(cloud: Harness) -> None:
    profile = {"securityType": "TrustedLaunch", "uefiSettings": {"secureBootEnabled": True, "vTpmEnabled": True}}
    for image in (debian("12-gen2"), debian("12")):
        body = machine(image, "Standard_D2s_v3", securityProfile=profile)
        assert "TrustedLaunch setting is not supported" in str(refused(make(cloud, body), "BadRequest"))
    refused(make(cloud, machine(TRUSTED, securityProfile={"uefiSettings": {"vTpmEnabled": True}})), "BadRequest")
    confidential = {**profile, "securityType": "ConfidentialVM"}
    refused(make(cloud, machine(TRUSTED, securityProfile=confidential)), "EmulatorUnsupported")
    made = make(cloud, machine(TRUSTED, securityProfile=profile))()
    assert made.security_profile.security_type == "TrustedLaunch"
    assert made.security_profile.uefi_settings.secure_boot_enabled
    assert cloud.compute.disks.get("rg", "disk").security_profile.security_type == "TrustedLaunch"


def test_an_image_that_starts_trusted_alone_refuses_standard_machines(cloud: Harness) -> None:
    urn = {"publisher": "contoso", "offer": "sealed", "sku": "one", "version": "1.0.0"}
    security = {"features": [{"name": "SecurityType", "value": "TrustedLaunch"}]}
    cloud.local("POST", "marketplace", json={**urn, "osType": "Linux", **security})
    error = refused(make(cloud, machine(urn)), "BadRequest")
    assert "with 'TrustedLaunch' security type" in str(error)


@pytest.mark.parametrize(
    ("image", "plan", "words"),
    [
        (PLANNED, None, "requires Plan information"),
        (PLANNED, {**PLAN, "name": "8-gen2"}, "does not match"),
        (debian("12-gen2"), PLAN, "does not need Plan information"),
    ],
)
def test_a_plan_goes_with_its_image(
    cloud: Harness, image: dict[str, str], plan: dict[str, str] | None, words: str
) -> None:
    body = {**machine(image), **({"plan": plan} if plan else {})}
    assert words in str(refused(make(cloud, body), "VMMarketplaceInvalidInput"))


def test_a_captured_image_needs_the_plan_that_it_was_bought_with(cloud: Harness) -> None:
    vm = make(cloud, {**machine(PLANNED), "plan": PLAN})()
    assert (vm.plan.publisher, vm.plan.name) == ("almalinux", "9-gen2")
    cloud.compute.virtual_machines.begin_deallocate("rg", "vm").result()
    cloud.compute.virtual_machines.generalize("rg", "vm")
    assert cloud.compute.disks.get("rg", "disk").purchase_plan.product == "almalinux"
    image: Any = {"location": "westeurope", "properties": {"sourceVirtualMachine": {"id": vm.id}}}
    made = cloud.compute.images.begin_create_or_update("rg", "golden", image).result()
    cloud.network.network_interfaces.begin_create_or_update("rg", "nic2", bodies.interface("rg")).result()
    body = bodies.machine("rg", "nic2", {"id": str(made.id)})
    body["properties"]["storageProfile"]["osDisk"]["name"] = "disk2"
    create = cloud.compute.virtual_machines.begin_create_or_update
    refused(lambda: create("rg", "vm2", body), "VMMarketplaceInvalidInput")
    create("rg", "vm2", {**body, "plan": PLAN}).result()


def test_a_windows_machine_has_its_own_section_and_defaults(cloud: Harness) -> None:
    vm = make(cloud, windows(windowsConfiguration={"patchSettings": {"patchMode": "AutomaticByPlatform"}}))()
    section = vm.os_profile.windows_configuration
    assert (section.provision_vm_agent, section.enable_automatic_updates) == (True, True)
    assert (section.patch_settings.patch_mode, section.patch_settings.assessment_mode) == (
        "AutomaticByPlatform",
        "ImageDefault",
    )
    assert vm.os_profile.admin_password is None
    assert vm.storage_profile.os_disk.disk_size_gb == 127


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ({"computerName": "12345"}, "entirely numeric"),
        ({"computerName": "a-name-of-16-chr"}, "more than 15 characters"),
        ({"computerName": "a.b"}, "following characters"),
        ({"linuxConfiguration": {}}, "linuxConfiguration"),
        ({"adminPassword": None}, "adminPassword"),
        ({"windowsConfiguration": {"patchSettings": {"patchMode": "Manual"}}}, "to be false"),
        (
            {
                "windowsConfiguration": {
                    "enableAutomaticUpdates": False,
                    "patchSettings": {"patchMode": "AutomaticByOS"},
                }
            },
            "to be true",
        ),
    ],
)
def test_a_windows_profile_that_does_not_fit_is_refused(cloud: Harness, profile: dict[str, Any], words: str) -> None:
    assert words in str(refused(make(cloud, windows(**profile)), "InvalidParameter"))


def test_an_identity_has_to_exist_and_is_shown_with_its_ids(cloud: Harness) -> None:
    body = machine(debian("12-gen2"))
    missing = {"type": "UserAssigned", "userAssignedIdentities": {f"{BUILDER}-none": {}}}
    error = refused(make(cloud, {**body, "identity": missing}), "FailedIdentityOperation")
    assert "was not found" in str(error)
    refused(make(cloud, {**body, "identity": {"type": "UserAssigned"}}), "InvalidIdentityValues")
    refused(make(cloud, {**body, "identity": {"type": "SystemAssigned"}}), "EmulatorUnsupported")
    given = {"type": "UserAssigned", "userAssignedIdentities": {BUILDER.replace("builder", "BUILDER"): {}}}
    vm = make(cloud, {**body, "identity": given})()
    assert vm.identity.type == "UserAssigned"
    (shown,) = vm.identity.user_assigned_identities.items()
    builder = cloud.http("GET", BUILDER, params={"api-version": "2023-01-31"}).json()["properties"]
    assert (shown[0], shown[1].client_id, shown[1].principal_id) == (
        BUILDER,
        builder["clientId"],
        builder["principalId"],
    )


def test_a_second_put_keeps_the_identity_it_does_not_name_and_can_take_it_away(cloud: Harness) -> None:
    body = machine(debian("12-gen2"))
    given = {"type": "UserAssigned", "userAssignedIdentities": {BUILDER: {}}}
    make(cloud, {**body, "identity": given})()
    assert make(cloud, body)().identity.type == "UserAssigned"
    assert make(cloud, {**body, "identity": {"type": "None"}})().identity.type == "None"


def test_a_second_put_keeps_to_what_the_image_can(cloud: Harness) -> None:
    make(cloud, machine(TRUSTED))()
    for change, code in (
        ({"securityProfile": {"securityType": "TrustedLaunch"}}, "PropertyChangeNotAllowed"),
        ({"hardwareProfile": {"vmSize": "Standard_D2ps_v5"}}, "InvalidParameter"),
    ):
        body = machine(TRUSTED)
        body["properties"] |= change
        refused(make(cloud, body), code)
    body = machine(TRUSTED, "Standard_D4s_v5")
    refused(make(cloud, {**body, "plan": PLAN}), "PropertyChangeNotAllowed")
    assert make(cloud, body)().hardware_profile.vm_size == "Standard_D4s_v5"
