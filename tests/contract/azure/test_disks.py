from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient, BlobServiceClient

from devkit.guests.scripted.disk import read_disk
from tests.contract.azure import bodies
from tests.contract.azure.harness import Harness, refused

if TYPE_CHECKING:
    from typing import Any


READ: Any = {"access": "Read", "durationInSeconds": 3600}


@pytest.fixture
def disk(cloud: Harness) -> str:
    bodies.run_machine(cloud)
    cloud.compute.virtual_machine_run_commands.begin_create_or_update(
        "rg", "vm", "mark", bodies.script("mark the disk")
    ).result()
    cloud.compute.virtual_machines.begin_deallocate("rg", "vm").result()
    return "disk"


def granted(cloud: Harness, disk: str) -> str:
    return str(cloud.compute.disks.begin_grant_access("rg", disk, READ).result().access_sas)


def test_access_gives_a_page_blob_with_the_whole_disk(cloud: Harness, disk: str) -> None:
    with BlobClient.from_blob_url(granted(cloud, disk), connection_verify=str(cloud.storage.ca_file)) as blob:
        assert blob.get_blob_properties().blob_type == "PageBlob"
        copy = cloud.data / "copy.vhd"
        copy.write_bytes(blob.download_blob().readall())
        with pytest.raises(HttpResponseError):
            blob.delete_blob()
    assert [run.script for run in read_disk(copy)] == ["mark the disk"]
    assert list((cloud.data / "exports").iterdir()) == []


def test_a_server_side_copy_from_the_access_url_works(cloud: Harness, disk: str) -> None:
    key = cloud.storage.create("kilncopies")
    endpoint, trust = cloud.storage.endpoint("kilncopies"), str(cloud.storage.ca_file)
    with BlobServiceClient(endpoint, key, connection_verify=trust) as service:
        container = service.get_container_client("vhds")
        if not container.exists():
            container.create_container()
        blob = container.get_blob_client("disk.vhd")
        blob.start_copy_from_url(granted(cloud, disk))
        properties = blob.get_blob_properties()
        assert (properties.copy.status, properties.blob_type) == ("success", "PageBlob")


def test_a_repeated_grant_returns_the_same_url(cloud: Harness, disk: str) -> None:
    assert granted(cloud, disk) == granted(cloud, disk)


def test_the_grant_is_in_the_operation_and_in_the_location(cloud: Harness, disk: str) -> None:
    path = f"{bodies.group_id('rg')}/providers/Microsoft.Compute/disks/{disk}/beginGetAccess"
    granted(cloud, disk)
    answer = cloud.http("POST", path, json=READ)
    assert answer.status_code == 202
    bodies_seen = [
        cloud.http("GET", answer.headers[name].removeprefix(cloud.url).split("?")[0]).json()
        for name in ("Azure-AsyncOperation", "Location")
    ]
    assert bodies_seen[0]["properties"]["output"] == bodies_seen[1]


def test_a_disk_under_access_stays_and_its_machine_does_not_start(cloud: Harness, disk: str) -> None:
    url = granted(cloud, disk)
    assert cloud.compute.disks.get("rg", disk).disk_state == "ActiveSAS"
    active = "active shared access signature"
    machines = cloud.compute.virtual_machines
    assert active in str(refused(lambda: cloud.compute.disks.begin_delete("rg", disk), "OperationNotAllowed"))
    assert active in str(refused(lambda: machines.begin_start("rg", "vm"), "OperationNotAllowed"))
    assert refused(lambda: machines.begin_delete("rg", "vm"), "OperationNotAllowed").status_code == 409
    cloud.compute.disks.begin_revoke_access("rg", disk).result()
    assert cloud.compute.disks.get("rg", disk).disk_state == "Reserved"
    with BlobClient.from_blob_url(url, connection_verify=str(cloud.storage.ca_file)) as blob:
        assert not blob.exists()
    cloud.compute.virtual_machines.begin_delete("rg", "vm").result()


def test_an_allocated_machines_disk_gives_no_access(cloud: Harness) -> None:
    bodies.run_machine(cloud)
    with pytest.raises(HttpResponseError, match="attached"):
        cloud.compute.disks.begin_grant_access("rg", "disk", READ)


def test_an_empty_disk_is_made_with_202_and_deleted(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    body = {"location": "westeurope", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8}}
    path = f"{bodies.group_id('rg')}/providers/Microsoft.Compute/disks/empty"
    assert cloud.put(path, body).status_code == 202
    assert cloud.put(path, body).status_code == 200
    assert cloud.compute.disks.get("rg", "empty").disk_state == "Unattached"
    cloud.compute.disks.begin_delete("rg", "empty").result()
    assert list(cloud.compute.disks.list_by_resource_group("rg")) == []


def test_a_snapshot_of_a_stopped_machines_disk_outlives_it(cloud: Harness, disk: str) -> None:
    source = str(cloud.compute.disks.get("rg", disk).id)
    body: Any = {
        "location": "westeurope",
        "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": source}},
    }
    snapshot = cloud.compute.snapshots.begin_create_or_update("rg", "snap", body).result()
    assert (snapshot.provisioning_state, snapshot.os_type) == ("Succeeded", "Linux")
    cloud.compute.virtual_machines.begin_delete("rg", "vm").result()
    (file,) = cloud.data.joinpath("images").iterdir()
    assert [run.script for run in read_disk(file)] == ["mark the disk"]
    cloud.compute.snapshots.begin_delete("rg", "snap").result()
    assert not file.exists()
