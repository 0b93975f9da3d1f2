from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError

from devkit.azure.latency import Latency
from devkit.guests.scripted.disk import read_disk
from tests.contract.azure import bodies
from tests.contract.azure.harness import SEEDED, Harness, refused

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azurite import Azurite

HELLO = ("rg-images", "gallery", "hello")
DEFINITION = f"{SEEDED}/providers/Microsoft.Compute/galleries/gallery/images/hello"


def publish(cloud: Harness, name: str, body: Any) -> Any:
    return cloud.compute.gallery_image_versions.begin_create_or_update(*HELLO, name, body)


def summary(cloud: Harness, name: str) -> dict[str, tuple[str, int]]:
    version = cloud.compute.gallery_image_versions.get(*HELLO, name, expand="ReplicationStatus")
    status = version.properties.replication_status
    return {line.region: (line.state, line.progress) for line in status.summary}


def test_a_version_is_captured_published_and_usable(cloud: Harness) -> None:
    vm = bodies.generalized_machine(cloud)
    made = publish(cloud, "1.0.0", bodies.version(vm, "West Europe", "northeurope")).result()
    assert made.properties.provisioning_state == "Succeeded"
    assert summary(cloud, "1.0.0") == {"West Europe": ("Completed", 100), "North Europe": ("Completed", 100)}
    cloud.resources.resource_groups.begin_delete("rg").result()
    (file,) = cloud.data.joinpath("images").iterdir()
    assert read_disk(file) == []
    bodies.stage(cloud, "next")
    for reference in (f"{DEFINITION}/versions/1.0.0", DEFINITION):
        body = bodies.machine("next", image={"id": reference})
        vm2 = cloud.compute.virtual_machines.begin_create_or_update("next", "vm", body).result()
        assert vm2.storage_profile.image_reference.exact_version == "1.0.0"
        cloud.compute.virtual_machines.begin_delete("next", "vm").result()
        cloud.network.network_interfaces.begin_create_or_update("next", "nic", bodies.interface("next")).result()
    cloud.compute.gallery_image_versions.begin_delete(*HELLO, "1.0.0").result()
    assert not file.exists()


def test_a_version_needs_a_generalized_machine_a_good_name_and_its_home_region(cloud: Harness) -> None:
    vm = bodies.run_machine(cloud)
    with pytest.raises(HttpResponseError, match="is not Specialized"):
        publish(cloud, "1.0.0", bodies.version(vm))
    cloud.compute.virtual_machines.begin_deallocate("rg", "vm").result()
    cloud.compute.virtual_machines.generalize("rg", "vm")
    for name in ("1.0", "1.0.x", "1.0.4294967296", "00000000001.0.0", "\uff11.0.0"):
        with pytest.raises(HttpResponseError, match="is invalid"):
            publish(cloud, name, bodies.version(vm))
    with pytest.raises(HttpResponseError, match="must contain the location"):
        publish(cloud, "1.0.0", bodies.version(vm, "northeurope"))
    with pytest.raises(HttpResponseError, match="Shallow"):
        publish(cloud, "1.0.0", bodies.version(vm, "westeurope", "northeurope", replicationMode="Shallow"))
    assert list(cloud.compute.gallery_image_versions.list_by_gallery_image(*HELLO)) == []


def test_a_version_may_have_leading_zeros_and_is_ordered_by_its_numbers(cloud: Harness) -> None:
    vm = bodies.generalized_machine(cloud)
    for name in ("24.04.202510010", "24.10.1", "24.9.03"):
        assert publish(cloud, name, bodies.version(vm)).result().name == name

    refused(lambda: publish(cloud, "24.4.202510010", bodies.version(vm)), "EmulatorUnsupported")

    cloud.resources.resource_groups.begin_delete("rg").result()
    bodies.stage(cloud, "next")
    made = cloud.compute.virtual_machines.begin_create_or_update(
        "next", "vm", bodies.machine("next", image={"id": DEFINITION})
    ).result()
    assert made.storage_profile.image_reference.exact_version == "24.10.1"


def test_an_update_adds_regions_and_changes_nothing_else(cloud: Harness) -> None:
    vm = bodies.generalized_machine(cloud)
    publish(cloud, "1.0.0", bodies.version(vm)).result()
    cloud.resources.resource_groups.begin_delete("rg").result()
    wider = bodies.version(vm, "westeurope", "northeurope", excludeFromLatest=True)
    publish(cloud, "1.0.0", wider).result()
    assert set(summary(cloud, "1.0.0")) == {"West Europe", "North Europe"}
    other = bodies.version(vm.replace("/vm", "/other"))
    refused(lambda: publish(cloud, "1.0.0", other), "PropertyChangeNotAllowed")
    bodies.stage(cloud, "next")
    body = bodies.machine("next", image={"id": DEFINITION})
    with pytest.raises(HttpResponseError, match="no latest image version"):
        cloud.compute.virtual_machines.begin_create_or_update("next", "vm", body)


def test_regions_are_copied_after_the_home_region_and_show_their_progress(tmp_path: Path, azurite: Azurite) -> None:
    slow = Latency("slow", {"version.home": 0.2, "replication": 0.6}, 0)
    cloud = Harness(tmp_path, azurite.accounts, latency=slow)
    try:
        vm = bodies.generalized_machine(cloud)
        poller = publish(cloud, "1.0.0", bodies.version(vm, "westeurope", "northeurope"))
        seen: list[dict[str, tuple[str, int]]] = []
        done = threading.Event()
        poller.add_done_callback(lambda _: done.set())
        while not done.is_set():
            seen.append(summary(cloud, "1.0.0"))
        states = [(line["West Europe"][0], line["North Europe"][0]) for line in seen]
        assert ("Replicating", "Unknown") in states
        assert ("Completed", "Replicating") in states
        progress = [line["North Europe"][1] for line in seen]
        assert progress == sorted(progress)
        assert any(0 < value < 100 for value in progress)
    finally:
        cloud.stop()


def test_a_failed_region_fails_the_operation_and_can_be_tried_again(cloud: Harness) -> None:
    vm = bodies.generalized_machine(cloud)
    rule = {
        "method": "PUT",
        "path": "*/versions/*",
        "replication": {"region": "northeurope", "state": "Failed", "details": "no capacity"},
    }
    cloud.local("PUT", "faults", json=[rule])
    body = bodies.version(vm, "westeurope", "northeurope")
    with pytest.raises(HttpResponseError, match="northeurope"):
        publish(cloud, "1.0.0", body).result()
    assert summary(cloud, "1.0.0") == {"West Europe": ("Completed", 100), "North Europe": ("Failed", 0)}
    publish(cloud, "1.0.0", body).result()
    assert summary(cloud, "1.0.0")["North Europe"] == ("Completed", 100)


def test_a_managed_image_is_made_of_a_generalized_machine_and_makes_machines_and_versions(cloud: Harness) -> None:
    vm = bodies.generalized_machine(cloud)
    body: Any = {"location": "westeurope", "properties": {"sourceVirtualMachine": {"id": vm}}}
    image = cloud.compute.images.begin_create_or_update("rg-images", "golden", body).result()
    assert image.storage_profile.os_disk.os_state == "Generalized"
    cloud.resources.resource_groups.begin_delete("rg").result()
    source = {"storageProfile": {"source": {"id": image.id}}}
    version: Any = {"location": "westeurope", "properties": source}
    publish(cloud, "2.0.0", version).result()
    bodies.stage(cloud, "next")
    machine = bodies.machine("next", image={"id": str(image.id)})
    cloud.compute.virtual_machines.begin_create_or_update("next", "vm", machine).result()
    cloud.compute.images.begin_delete("rg-images", "golden").result()
    assert [v.name for v in cloud.compute.gallery_image_versions.list_by_gallery_image(*HELLO)] == ["2.0.0"]
    assert len(list(cloud.data.joinpath("images").iterdir())) == 1


def test_galleries_and_definitions_are_made_and_deleted_from_the_inside_out(cloud: Harness) -> None:
    location: Any = {"location": "westeurope"}
    definition: Any = {
        **location,
        "properties": {
            "osType": "Linux",
            "osState": "Generalized",
            "identifier": {"publisher": "p", "offer": "o", "sku": "s"},
        },
    }
    cloud.compute.galleries.begin_create_or_update("rg-images", "second", location).result()
    images = cloud.compute.gallery_images
    made = images.begin_create_or_update("rg-images", "second", "one", definition).result()
    assert made.properties.hyper_v_generation == "V2"
    with pytest.raises(HttpResponseError, match="identifier"):
        images.begin_create_or_update("rg-images", "second", "two", definition)
    with pytest.raises(HttpResponseError, match="nested resources"):
        cloud.compute.galleries.begin_delete("rg-images", "second")
    images.begin_delete("rg-images", "second", "one").result()
    cloud.compute.galleries.begin_delete("rg-images", "second").result()
    assert [gallery.name for gallery in cloud.compute.galleries.list()] == ["gallery"]


def test_a_windows_definition_refuses_a_linux_machine(cloud: Harness) -> None:
    vm = bodies.generalized_machine(cloud)
    versions = cloud.compute.gallery_image_versions
    with pytest.raises(HttpResponseError, match="different OS type \\['Linux'\\]"):
        versions.begin_create_or_update("rg-images", "gallery", "win", "1.0.0", bodies.version(vm))


def test_a_second_update_waits_for_the_first_and_the_same_one_joins_it(tmp_path: Path, azurite: Azurite) -> None:
    cloud = Harness(tmp_path, azurite.accounts, latency=Latency("slow", {"version.home": 60}, 0))
    try:
        vm = bodies.generalized_machine(cloud)
        path = f"{DEFINITION}/versions/1.0.0"
        first, same = cloud.put(path, bodies.version(vm)), cloud.put(path, bodies.version(vm))
        assert first.headers["Azure-AsyncOperation"] == same.headers["Azure-AsyncOperation"]
        other = cloud.put(path, bodies.version(vm, "westeurope", "northeurope"))
        assert (other.status_code, other.json()["error"]["code"]) == (409, "Conflict")
        cloud.compute.gallery_image_versions.begin_delete(*HELLO, "1.0.0").result()
        assert list(tmp_path.glob("images/*")) == []
    finally:
        cloud.stop()
