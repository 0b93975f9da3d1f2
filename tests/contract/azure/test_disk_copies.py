"""Disks and snapshots as copies: of images, of each other, and in the background into another region."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient

from devkit.azure.latency import Latency
from devkit.guests.scripted.disk import read_disk
from tests.contract.azure import bodies
from tests.contract.azure.harness import SUBSCRIPTION, Harness, refused
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azurite import Azurite

HELLO = ("rg-images", "gallery", "hello")
DEBIAN = (
    f"/Subscriptions/{SUBSCRIPTION}/Providers/Microsoft.Compute/Locations/westeurope/Publishers/Debian/ArtifactTypes"
    "/VMImage/Offers/debian-12/Skus/12-gen2/Versions/0.20250911.2232"
)


def made_of(kind: str, source: str, location: str = "westeurope", lun: int | None = None, **properties: Any) -> Any:
    reference = {"id": source} if lun is None else {"id": source, "lun": lun}
    creation = {
        "image": {"createOption": "FromImage", "imageReference": reference},
        "version": {"createOption": "FromImage", "galleryImageReference": reference},
        "copy": {"createOption": "Copy", "sourceResourceId": source},
        "start": {"createOption": "CopyStart", "sourceResourceId": source},
    }[kind]
    return {"location": location, "properties": {"creationData": creation, **properties}}


def disk(cloud: Harness, name: str, body: Any) -> Any:
    return cloud.compute.disks.begin_create_or_update("rg", name, body).result()


def snapshot(cloud: Harness, name: str, body: Any) -> Any:
    return cloud.compute.snapshots.begin_create_or_update("rg", name, body).result()


def scripts_on(cloud: Harness, name: str, copy: Path) -> list[str]:
    grant: Any = {"access": "Read", "durationInSeconds": 600}
    url = str(cloud.compute.disks.begin_grant_access("rg", name, grant).result().access_sas)
    with BlobClient.from_blob_url(url, connection_verify=str(cloud.storage.ca_file)) as blob:
        copy.write_bytes(blob.download_blob().readall())
    return [run.script for run in read_disk(copy)]


@pytest.fixture
def source(cloud: Harness) -> str:
    """The id of the OS disk of a machine on which a script ran, generalized."""
    bodies.run_machine(cloud)
    commands = cloud.compute.virtual_machine_run_commands
    commands.begin_create_or_update("rg", "vm", "mark", bodies.script("mark the disk")).result()
    cloud.compute.virtual_machines.begin_deallocate("rg", "vm").result()
    cloud.compute.virtual_machines.generalize("rg", "vm")
    return str(cloud.compute.disks.get("rg", "disk").id)


def publish(cloud: Harness, source: str, *regions: str) -> str:
    body = bodies.version(source.replace("disks/disk", "virtualMachines/vm"), *regions)
    made = cloud.compute.gallery_image_versions.begin_create_or_update(*HELLO, "1.0.0", body).result()
    return str(made.id)


def test_a_disk_of_a_version_has_its_data_and_gives_access(cloud: Harness, source: str, tmp_path: Path) -> None:
    version = publish(cloud, source)
    made = disk(cloud, "copy", made_of("version", version, diskSizeGB=64))
    assert (made.os_type, made.hyper_v_generation, made.disk_size_gb) == ("Linux", "V2", 64)
    assert made.supported_capabilities.architecture == "x64"
    cloud.compute.gallery_image_versions.begin_delete(*HELLO, "1.0.0").result()
    assert scripts_on(cloud, "copy", tmp_path / "copy.vhd") == ["mark the disk"]
    cloud.compute.disks.begin_revoke_access("rg", "copy").result()
    cloud.compute.disks.begin_delete("rg", "copy").result()
    assert len(list((cloud.data / "guests").glob("*.json"))) == 1


def test_a_disk_of_an_image_needs_it_in_its_region_and_big_enough(cloud: Harness, source: str) -> None:
    version = publish(cloud, source)
    create = cloud.compute.disks.begin_create_or_update
    for body, code in (
        (made_of("version", version, "northeurope"), "GalleryImageNotFound"),
        (made_of("version", version, diskSizeGB=8), "OperationNotAllowed"),
        (made_of("version", version, lun=0), "InvalidParameter"),
        (made_of("image", version), "InvalidParameter"),
        (made_of("version", DEBIAN), "InvalidParameter"),
        (made_of("image", DEBIAN.replace("12-gen2", "none")), "PlatformImageNotFound"),
    ):
        refused(partial(create, "rg", "copy", body), code)


def test_a_disk_of_a_marketplace_image(cloud: Harness, tmp_path: Path) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    made = disk(cloud, "base", made_of("image", DEBIAN))
    assert (made.disk_size_gb, made.creation_data.image_reference.id) == (30, DEBIAN)
    assert scripts_on(cloud, "base", tmp_path / "base.vhd") == []


def test_disks_and_snapshots_are_copies_of_each_other(cloud: Harness, source: str, tmp_path: Path) -> None:
    direct = disk(cloud, "direct", made_of("copy", source))
    assert direct.creation_data.source_unique_id == cloud.compute.disks.get("rg", "disk").unique_id
    frozen = snapshot(cloud, "frozen", made_of("copy", str(direct.id)))
    assert (frozen.completion_percent, frozen.incremental, frozen.disk_size_gb) == (100, False, 30)
    again = snapshot(cloud, "again", made_of("copy", str(frozen.id)))
    disk(cloud, "last", made_of("copy", str(again.id)))
    for name in ("direct", "last"):
        assert scripts_on(cloud, name, tmp_path / f"{name}.vhd") == ["mark the disk"]
    create = cloud.compute.disks.begin_create_or_update
    refused(lambda: create("rg", "far", made_of("copy", str(again.id), "northeurope")), "NotFound")
    refused(lambda: create("rg", "none", made_of("copy", str(again.id) + "x")), "ResourceNotFound")
    assert list((cloud.data / "images").glob("copy-*")) == []


def test_an_incremental_snapshot_is_copied_into_another_region_in_the_background(
    tmp_path: Path, azurite: Azurite
) -> None:
    cloud = Harness(tmp_path, azurite.accounts, latency=Latency("slow", {"snapshot.copy": 0.6}, 0))
    try:
        bodies.run_machine(cloud)
        cloud.compute.virtual_machines.begin_deallocate("rg", "vm").result()
        os_disk = str(cloud.compute.disks.get("rg", "disk").id)
        first = snapshot(cloud, "first", made_of("copy", os_disk, incremental=True))
        far = snapshot(cloud, "far", made_of("start", str(first.id), "northeurope", incremental=True))
        assert (far.provisioning_state, far.location) == ("Succeeded", "northeurope")
        assert far.incremental_snapshot_family_id == first.incremental_snapshot_family_id
        create = cloud.compute.disks.begin_create_or_update
        error = refused(
            lambda: create("rg", "early", made_of("copy", str(far.id), "northeurope")), "OperationNotAllowed"
        )
        assert "completionPercent" in str(error)
        seen = []

        def complete() -> bool:
            seen.append(cloud.compute.snapshots.get("rg", "far").completion_percent)
            return bool(seen[-1] == 100)

        until(complete)
        assert seen == sorted(seen)
        assert 0 <= seen[0] < 100
        disk(cloud, "late", made_of("copy", str(far.id), "northeurope"))
        assert {found.name for found in cloud.compute.snapshots.list()} == {"first", "far"}
    finally:
        cloud.stop()


def test_a_background_copy_goes_from_incremental_to_incremental(cloud: Harness, source: str) -> None:
    full = snapshot(cloud, "full", made_of("copy", source))
    part = snapshot(cloud, "part", made_of("copy", source, incremental=True))
    create = cloud.compute.snapshots.begin_create_or_update
    for body in (
        made_of("start", str(full.id), "northeurope", incremental=True),
        made_of("start", str(part.id), "northeurope"),
        made_of("start", source, "northeurope", incremental=True),
    ):
        with pytest.raises(HttpResponseError, match="incremental"):
            create("rg", "far", body)
    refused(lambda: create("rg", "far", made_of("copy", str(part.id), "northeurope")), "NotFound")
    refused(lambda: create("rg", "full", made_of("copy", source, incremental=True)), "PropertyChangeNotAllowed")


def test_a_disks_size_is_asked_for_and_stays(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    empty: Any = {"location": "westeurope", "properties": {"creationData": {"createOption": "Empty"}}}
    create = cloud.compute.disks.begin_create_or_update
    refused(lambda: create("rg", "empty", empty), "InvalidParameter")
    empty["properties"]["diskSizeGB"] = 8
    made = create("rg", "empty", empty).result()
    refused(lambda: create("rg", "copy", made_of("copy", str(made.id))), "EmulatorUnsupported")
    empty["properties"]["diskSizeGB"] = 16
    refused(lambda: create("rg", "empty", empty), "EmulatorUnsupported")


def test_managed_images_are_made_where_their_source_is_and_of_what_azure_allows(cloud: Harness, source: str) -> None:
    def image(location: str = "westeurope", **properties: Any) -> Any:
        machine = {"sourceVirtualMachine": {"id": source.replace("disks/disk", "virtualMachines/vm")}}
        body: Any = {"location": location, "properties": {**machine, **properties}}
        return cloud.compute.images.begin_create_or_update("rg", "golden", body)

    assert "does not exist in this Azure location" in str(refused(lambda: image("northeurope"), "NotFound"))
    refused(lambda: image(hyperVGeneration="V1"), "InvalidParameter")
    made = image(hyperVGeneration="V2").result()
    assert made.hyper_v_generation == "V2"
    body = bodies.machine("rg", image={"id": str(made.id)})
    body["location"] = "northeurope"
    create = cloud.compute.virtual_machines.begin_create_or_update
    assert "cannot be found in 'northeurope'" in str(refused(lambda: create("rg", "far", body), "NotFound"))


@pytest.mark.parametrize(
    ("image", "size", "profile", "words"),
    [
        (("Debian", "debian-12", "12-arm64"), "Standard_D2ps_v5", {}, "CPU Architecture 'Arm64'"),
        (
            ("Canonical", "0001-com-ubuntu-server-jammy", "22_04-lts-gen2"),
            "Standard_D2s_v5",
            {"securityType": "TrustedLaunch"},
            "Trusted Launch",
        ),
    ],
)
def test_there_are_no_managed_images_for_arm_or_trusted_launch(
    cloud: Harness, image: tuple[str, str, str], size: str, profile: dict[str, str], words: str
) -> None:
    bodies.stage(cloud)
    body = bodies.machine(
        "rg", image={**dict(zip(("publisher", "offer", "sku"), image, strict=True)), "version": "latest"}
    )
    body["properties"] |= {"hardwareProfile": {"vmSize": size}, "securityProfile": profile}
    machines = cloud.compute.virtual_machines
    vm = machines.begin_create_or_update("rg", "vm", body).result()
    machines.begin_deallocate("rg", "vm").result()
    golden: Any = {"location": "westeurope", "properties": {"sourceVirtualMachine": {"id": str(vm.id)}}}
    images = cloud.compute.images
    error = refused(lambda: images.begin_create_or_update("rg", "golden", golden), "OperationNotAllowed")
    assert "to be Generalized" in str(error)
    machines.generalize("rg", "vm")
    error = refused(lambda: images.begin_create_or_update("rg", "golden", golden), "OperationNotAllowed")
    assert words in str(error)
