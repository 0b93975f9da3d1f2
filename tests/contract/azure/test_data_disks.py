"""Data disks live with their machine, are captured with it and come back with the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobClient

from devkit.guests.scripted.disk import read_disk
from tests.contract.azure import bodies
from tests.contract.azure.harness import SEEDED, Harness, refused

if TYPE_CHECKING:
    from pathlib import Path

HELLO = ("rg-images", "gallery", "hello")
DEFINITION = f"{SEEDED}/providers/Microsoft.Compute/galleries/gallery/images/hello"
TWO: list[dict[str, Any]] = [
    {"lun": 0, "createOption": "Empty", "diskSizeGB": 8, "name": "data0", "deleteOption": "Delete"},
    {"lun": 5, "createOption": "Empty", "diskSizeGB": 16, "name": "data5"},
]


def with_disks(image: dict[str, str] | None = None, data: list[dict[str, Any]] | None = None, nic: str = "nic") -> Any:
    body = bodies.machine("rg", nic, image)
    body["properties"]["storageProfile"]["dataDisks"] = TWO if data is None else data
    return body


def generalized(cloud: Harness) -> str:
    """Run a script on a machine with two data disks, generalize it, and return its id."""
    bodies.stage(cloud)
    machines = cloud.compute.virtual_machines
    vm_id = str(machines.begin_create_or_update("rg", "vm", with_disks()).result().id)
    commands = cloud.compute.virtual_machine_run_commands
    commands.begin_create_or_update("rg", "vm", "mark", bodies.script("mark the disks")).result()
    machines.begin_deallocate("rg", "vm").result()
    machines.generalize("rg", "vm")
    return vm_id


def next_machine(cloud: Harness, image_id: str, data: list[dict[str, Any]] | None = None) -> Any:
    """Make a second machine of an image and return it."""
    cloud.network.network_interfaces.begin_create_or_update("rg", "nic2", bodies.interface("rg")).result()
    body = with_disks({"id": image_id}, data or [], "nic2")
    body["properties"]["storageProfile"]["osDisk"]["name"] = "disk2"
    return cloud.compute.virtual_machines.begin_create_or_update("rg", "vm2", body).result()


def scripts_on(cloud: Harness, disk: str, copy: Path) -> list[str]:
    grant: Any = {"access": "Read", "durationInSeconds": 600}
    url = str(cloud.compute.disks.begin_grant_access("rg", disk, grant).result().access_sas)
    with BlobClient.from_blob_url(url, connection_verify=str(cloud.storage.ca_file)) as blob:
        copy.write_bytes(blob.download_blob().readall())
    cloud.compute.disks.begin_revoke_access("rg", disk).result()
    return [run.script for run in read_disk(copy)]


def test_data_disks_are_resources_that_go_or_stay_with_their_machine(cloud: Harness, tmp_path: Path) -> None:
    vm_id = generalized(cloud)
    vm = cloud.compute.virtual_machines.get("rg", "vm", expand="instanceView")
    shown = [(d.lun, d.name, d.create_option, d.disk_size_gb, d.delete_option) for d in vm.storage_profile.data_disks]
    assert shown == [(0, "data0", "Empty", 8, "Delete"), (5, "data5", "Empty", 16, "Detach")]
    assert [disk.name for disk in vm.instance_view.disks] == ["disk", "data0", "data5"]
    disk = cloud.compute.disks.get("rg", "data5")
    assert (disk.managed_by, disk.disk_size_gb, disk.os_type, disk.disk_state) == (vm_id, 16, None, "Reserved")
    cloud.compute.virtual_machines.begin_delete("rg", "vm").result()
    for name in ("disk", "data0"):
        with pytest.raises(ResourceNotFoundError):
            cloud.compute.disks.get("rg", name)
    assert cloud.compute.disks.get("rg", "data5").disk_state == "Unattached"
    assert scripts_on(cloud, "data5", tmp_path / "copy.vhd") == ["mark the disks"]
    cloud.compute.disks.begin_delete("rg", "data5").result()
    assert list((cloud.data / "guests").glob("*.json")) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ([{**TWO[0], "lun": 64}], "InvalidParameter"),
        ([TWO[0], {**TWO[1], "lun": 0}], "InvalidParameter"),
        ([{"lun": 0, "createOption": "Empty"}], "InvalidParameter"),
        ([{"lun": 0, "createOption": "FromImage"}], "InvalidParameter"),
        ([{"lun": 0, "createOption": "Attach"}], "EmulatorUnsupported"),
        ([{**TWO[0], "sizeInGB": 8}], "InvalidRequestContent"),
    ],
)
def test_bad_data_disks_are_refused(cloud: Harness, data: list[dict[str, Any]], code: str) -> None:
    bodies.stage(cloud)
    body = with_disks(data=data)
    refused(lambda: cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", body), code)


def test_a_second_put_says_the_same_about_data_disks_or_is_refused(cloud: Harness) -> None:
    bodies.stage(cloud)
    machines = cloud.compute.virtual_machines
    machines.begin_create_or_update("rg", "vm", with_disks()).result()
    machines.begin_create_or_update("rg", "vm", machines.get("rg", "vm")).result()
    changed = with_disks(data=[TWO[0], {**TWO[1], "deleteOption": "Delete"}])
    vm = machines.begin_create_or_update("rg", "vm", changed).result()
    assert vm.storage_profile.data_disks[1].delete_option == "Delete"
    bigger = with_disks(data=[TWO[0], {**TWO[1], "diskSizeGB": 32}])
    refused(lambda: machines.begin_create_or_update("rg", "vm", bigger), "PropertyChangeNotAllowed")
    refused(lambda: machines.begin_create_or_update("rg", "vm", with_disks(data=TWO[:1])), "EmulatorUnsupported")


def test_a_version_holds_the_data_disks_and_makes_them_again(cloud: Harness, tmp_path: Path) -> None:
    vm_id = generalized(cloud)
    versions = cloud.compute.gallery_image_versions
    version = versions.begin_create_or_update(*HELLO, "1.0.0", bodies.version(vm_id)).result()
    images = version.properties.storage_profile.data_disk_images
    assert [(image.lun, image.size_in_gb, image.host_caching) for image in images] == [(0, 8, "None"), (5, 16, "None")]
    made = next_machine(cloud, DEFINITION, [{"lun": 5, "createOption": "FromImage", "name": "big", "diskSizeGB": 64}])
    disks = made.storage_profile.data_disks
    assert [(disk.lun, disk.create_option, disk.disk_size_gb) for disk in disks] == [
        (0, "FromImage", 8),
        (5, "FromImage", 64),
    ]
    creation = cloud.compute.disks.get("rg", "big").creation_data
    assert creation.create_option == "FromImage"
    assert (creation.gallery_image_reference.id, creation.gallery_image_reference.lun) == (version.id, 5)
    cloud.compute.virtual_machines.begin_deallocate("rg", "vm2").result()
    assert scripts_on(cloud, "big", tmp_path / "copy.vhd") == ["mark the disks"]
    body = with_disks({"id": str(version.id)}, [{"lun": 5, "createOption": "FromImage", "diskSizeGB": 8}], "nic2")
    create = cloud.compute.virtual_machines.begin_create_or_update
    assert "smaller than the size 16GB" in str(refused(lambda: create("rg", "vm3", body), "OperationNotAllowed"))
    body["properties"]["storageProfile"]["dataDisks"] = [TWO[0]]
    assert "dataDisks.lun" in str(refused(lambda: create("rg", "vm3", body), "InvalidParameter"))


def test_a_managed_image_holds_the_data_disks_and_gives_them_to_a_version(cloud: Harness, tmp_path: Path) -> None:
    vm_id = generalized(cloud)
    body: Any = {"location": "westeurope", "properties": {"sourceVirtualMachine": {"id": vm_id}}}
    image = cloud.compute.images.begin_create_or_update("rg-images", "golden", body).result()
    assert [(d.lun, d.disk_size_gb) for d in image.storage_profile.data_disks] == [(0, 8), (5, 16)]
    source: Any = {"location": "westeurope", "properties": {"storageProfile": {"source": {"id": image.id}}}}
    versions = cloud.compute.gallery_image_versions
    versions.begin_create_or_update(*HELLO, "1.0.0", source).result()
    cloud.compute.images.begin_delete("rg-images", "golden").result()
    next_machine(cloud, f"{DEFINITION}/versions/1.0.0")
    names = [d.name for d in cloud.compute.virtual_machines.get("rg", "vm2").storage_profile.data_disks]
    cloud.compute.virtual_machines.begin_deallocate("rg", "vm2").result()
    assert scripts_on(cloud, names[0], tmp_path / "copy.vhd") == ["mark the disks"]
    versions.begin_delete(*HELLO, "1.0.0").result()
    assert list((cloud.data / "images").iterdir()) == []


def test_an_image_is_made_of_snapshots_of_each_disk(cloud: Harness) -> None:
    generalized(cloud)
    ids = {}
    for name in ("disk", "data5"):
        creation = {"createOption": "Copy", "sourceResourceId": str(cloud.compute.disks.get("rg", name).id)}
        body: Any = {"location": "westeurope", "properties": {"creationData": creation}}
        ids[name] = str(cloud.compute.snapshots.begin_create_or_update("rg", f"{name}-snap", body).result().id)
    storage: Any = {
        "osDisk": {"osType": "Linux", "osState": "Generalized", "snapshot": {"id": ids["disk"]}},
        "dataDisks": [{"lun": 1, "snapshot": {"id": ids["data5"]}, "caching": "ReadOnly"}],
    }
    image: Any = {"location": "westeurope", "properties": {"storageProfile": storage, "hyperVGeneration": "V2"}}
    made = cloud.compute.images.begin_create_or_update("rg", "golden", image).result()
    (data,) = made.storage_profile.data_disks
    assert (data.lun, data.disk_size_gb, data.caching, data.snapshot.id) == (1, 16, "ReadOnly", ids["data5"])
    assert next_machine(cloud, str(made.id)).storage_profile.data_disks[0].lun == 1

    version: Any = {
        "location": "westeurope",
        "properties": {
            "storageProfile": {
                "osDiskImage": {"source": {"id": ids["disk"]}},
                "dataDiskImages": [{"lun": 2, "hostCaching": "ReadOnly", "source": {"id": ids["data5"]}}],
            }
        },
    }
    publish = cloud.compute.gallery_image_versions.begin_create_or_update
    published = publish(*HELLO, "1.0.0", version).result()
    (image_disk,) = published.properties.storage_profile.data_disk_images
    assert (image_disk.lun, image_disk.size_in_gb, image_disk.host_caching) == (2, 16, "ReadOnly")
    publish(*HELLO, "1.0.0", published).result()
    moved = published
    moved.properties.storage_profile.data_disk_images[0].lun = 3
    assert "changing the LUN" in str(
        refused(lambda: publish(*HELLO, "1.0.0", moved), "PropertyChangeNotAllowed"),
    )


def test_a_versions_disks_are_each_named_once(cloud: Harness) -> None:
    vm_id = generalized(cloud)
    os_disk, data = (str(cloud.compute.disks.get("rg", name).id) for name in ("disk", "data5"))

    def publish(**storage: Any) -> Any:
        body: Any = {"location": "westeurope", "properties": {"storageProfile": storage}}
        return cloud.compute.gallery_image_versions.begin_create_or_update(*HELLO, "1.0.0", body)

    system = {"osDiskImage": {"source": {"id": os_disk}}}
    images = [{"lun": lun, "source": {"id": data}} for lun in (0, 1)]
    for storage, words in (
        ({**system, "dataDiskImages": images}, "Duplicated source ids"),
        ({**system, "dataDiskImages": [images[0], images[0]]}, "Duplicated lun"),
        ({**system, "source": {"virtualMachineId": vm_id}}, "One and only one source type"),
        ({"source": {"virtualMachineId": vm_id}, "dataDiskImages": images[:1]}, "One and only one source type"),
        ({}, "One and only one source type"),
    ):
        with pytest.raises(HttpResponseError, match=words):
            publish(**storage)
    with pytest.raises(HttpResponseError, match="is a data disk"):
        publish(osDiskImage={"source": {"id": data}})
    publish(**system, dataDiskImages=images[:1]).result()


def test_data_disks_of_a_marketplace_image_come_empty(cloud: Harness) -> None:
    urn = {"publisher": "contoso", "offer": "appliance", "sku": "one", "version": "1.0.0"}
    cloud.local("POST", "marketplace", json={**urn, "osType": "Linux", "dataDiskImages": [{"lun": 3}]})
    bodies.stage(cloud)
    vm = cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", with_disks(urn, [])).result()
    (disk,) = vm.storage_profile.data_disks
    assert (disk.lun, disk.create_option) == (3, "FromImage")
    reference = cloud.compute.disks.get("rg", disk.name).creation_data.image_reference
    assert reference.id.endswith("/publishers/contoso/artifactTypes/VMImage/offers/appliance/skus/one/versions/1.0.0")
    assert reference.lun == 3
