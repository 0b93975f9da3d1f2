from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from devkit.azure.latency import Latency
from tests.contract.azure import bodies
from tests.contract.azure.harness import Harness, refused
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azurite import Azurite

NO_INTERFACE = f"{bodies.group_id('rg')}/providers/Microsoft.Network/networkInterfaces/no"


def power(cloud: Harness, name: str = "vm") -> str:
    view = cloud.compute.virtual_machines.instance_view("rg", name)
    return next(str(s.code) for s in view.statuses or [] if str(s.code).startswith("PowerState/"))


def test_a_machine_is_provisioned_with_disk_and_ready_agent(cloud: Harness) -> None:
    vm_id = bodies.run_machine(cloud)
    vm = cloud.compute.virtual_machines.get("rg", "vm", expand="instanceView")
    assert vm.id == vm_id
    assert vm.provisioning_state == "Succeeded"
    assert vm.storage_profile.image_reference.exact_version == "0.20250911.2232"
    assert [s.display_status for s in vm.instance_view.vm_agent.statuses] == ["Ready"]
    assert power(cloud) == "PowerState/running"
    disk = cloud.compute.disks.get("rg", "disk")
    assert (disk.managed_by, disk.disk_state, disk.os_type) == (vm_id, "Attached", "Linux")
    nic = cloud.network.network_interfaces.get("rg", "nic")
    assert nic.virtual_machine is not None
    assert nic.virtual_machine.id == vm_id


def test_a_new_machine_answers_201_then_200_and_never_shows_its_password(cloud: Harness) -> None:
    bodies.stage(cloud)
    path = f"{bodies.group_id('rg')}/providers/Microsoft.Compute/virtualMachines/vm"
    first = cloud.put(path, bodies.machine("rg"))
    assert first.status_code == 201
    assert "Azure-AsyncOperation" in first.headers
    assert cloud.put(path, bodies.machine("rg")).status_code == 200
    everything = first.text + cloud.http("GET", path).text + json.dumps(cloud.local("GET", "requests"))
    assert "planted-Secret-1" not in everything


def test_ids_are_compared_in_any_case_and_keep_their_own(cloud: Harness) -> None:
    bodies.run_machine(cloud)
    assert str(cloud.compute.virtual_machines.get("RG", "VM").id).endswith(
        "/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/vm"
    )


def test_power_operations_change_the_power_state(cloud: Harness) -> None:
    bodies.run_machine(cloud)
    machines = cloud.compute.virtual_machines
    machines.begin_restart("rg", "vm").result()
    machines.begin_power_off("rg", "vm").result()
    assert power(cloud) == "PowerState/stopped"
    machines.begin_start("rg", "vm").result()
    assert power(cloud) == "PowerState/running"
    machines.begin_deallocate("rg", "vm").result()
    assert power(cloud) == "PowerState/deallocated"
    assert cloud.compute.disks.get("rg", "disk").disk_state == "Reserved"


def test_deallocate_answers_202_with_both_urls(cloud: Harness) -> None:
    bodies.run_machine(cloud)
    answer = cloud.http("POST", f"{bodies.group_id('rg')}/providers/Microsoft.Compute/virtualMachines/vm/deallocate")
    assert (answer.status_code, answer.content) == (202, b"")
    status = until(lambda: _ended(cloud, answer.headers["Azure-AsyncOperation"]))
    assert set(status) == {"id", "name", "status", "startTime", "endTime"}
    assert cloud.http("GET", _path(cloud, answer.headers["Location"])).status_code == 200


def _path(cloud: Harness, url: str) -> str:
    return url.removeprefix(cloud.url).split("?")[0]


def _ended(cloud: Harness, url: str) -> dict[str, str] | None:
    body: dict[str, str] = cloud.http("GET", _path(cloud, url)).json()
    return body if body["status"] == "Succeeded" else None


def test_a_machine_that_powers_itself_off_is_stopped(cloud: Harness) -> None:
    bodies.run_machine(cloud)
    run = cloud.compute.virtual_machine_run_commands
    run.begin_create_or_update("rg", "vm", "off", bodies.script("waagent -deprovision+user -force")).result()
    assert until(lambda: power(cloud) == "PowerState/stopped")


def test_only_a_stopped_machine_is_generalized_and_it_never_starts_again(cloud: Harness) -> None:
    bodies.run_machine(cloud)
    machines = cloud.compute.virtual_machines
    assert refused(lambda: machines.generalize("rg", "vm"), "OperationNotAllowed").status_code == 409
    machines.begin_deallocate("rg", "vm").result()
    machines.generalize("rg", "vm")
    codes = {status.code for status in machines.instance_view("rg", "vm").statuses or []}
    assert "OSState/generalized" in codes
    error = refused(lambda: machines.begin_start("rg", "vm"), "OperationNotAllowed")
    assert "since the VM is generalized" in str(error)


def test_deleting_a_machine_takes_what_says_delete(cloud: Harness) -> None:
    bodies.run_machine(cloud)
    cloud.compute.virtual_machines.begin_delete("rg", "vm").result()
    with pytest.raises(ResourceNotFoundError):
        cloud.compute.virtual_machines.get("rg", "vm")
    with pytest.raises(ResourceNotFoundError):
        cloud.compute.disks.get("rg", "disk")
    with pytest.raises(ResourceNotFoundError):
        cloud.network.network_interfaces.get("rg", "nic")


def test_deleting_a_machine_leaves_what_says_detach(cloud: Harness) -> None:
    bodies.stage(cloud)
    body = bodies.machine("rg")
    body["properties"]["storageProfile"]["osDisk"]["deleteOption"] = "Detach"
    del body["properties"]["networkProfile"]["networkInterfaces"][0]["properties"]["deleteOption"]
    machines = cloud.compute.virtual_machines
    machines.begin_create_or_update("rg", "vm", body).result()
    refused(lambda: cloud.compute.disks.begin_delete("rg", "disk"), "OperationNotAllowed")
    machines.begin_delete("rg", "vm").result()
    assert cloud.compute.disks.get("rg", "disk").disk_state == "Unattached"
    assert cloud.network.network_interfaces.get("rg", "nic").virtual_machine is None
    body["properties"]["storageProfile"]["osDisk"]["name"] = "disk2"
    machines.begin_create_or_update("rg", "vm", body).result()
    assert len(list((cloud.data / "guests").glob("*.json"))) == 2
    cloud.compute.disks.begin_delete("rg", "disk").result()
    assert len(list((cloud.data / "guests").glob("*.json"))) == 1


def test_what_is_fixed_at_creation_cannot_change(cloud: Harness) -> None:
    bodies.run_machine(cloud)
    body = bodies.machine("rg")
    body["properties"]["osProfile"]["adminUsername"] = "other"
    machines = cloud.compute.virtual_machines
    error = refused(lambda: machines.begin_create_or_update("rg", "vm", body), "PropertyChangeNotAllowed")
    assert error.status_code == 409
    body = bodies.machine("rg")
    body["properties"]["hardwareProfile"]["vmSize"] = "Standard_D4s_v5"
    assert machines.begin_create_or_update("rg", "vm", body).result().hardware_profile.vm_size == "Standard_D4s_v5"


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("storageProfile", "imageReference", "sku"), "none", "PlatformImageNotFound"),
        (("networkProfile", "networkInterfaces"), [{"id": NO_INTERFACE}], "InvalidResourceReference"),
        (("storageProfile", "osDisk", "diskSizeGB"), 5, "ResizeDiskError"),
        (("osProfile", "adminPassword"), "", "InvalidParameter"),
        (("osProfile", "noSuchThing"), 1, "InvalidRequestContent"),
        (("storageProfile", "dataDisks"), [{"lun": 0, "createOption": "Attach"}], "EmulatorUnsupported"),
    ],
)  # fmt: skip
def test_a_bad_machine_is_refused_at_once(cloud: Harness, path: tuple[str, ...], value: object, code: str) -> None:
    bodies.stage(cloud)
    body = bodies.machine("rg")
    part = body["properties"]
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    answer = cloud.put(f"{bodies.group_id('rg')}/providers/Microsoft.Compute/virtualMachines/vm", body)
    assert answer.json()["error"]["code"] == code
    assert answer.status_code >= 400
    assert list(cloud.compute.virtual_machines.list("rg")) == []


def test_an_interface_serves_one_machine(cloud: Harness) -> None:
    bodies.run_machine(cloud)
    body = bodies.machine("rg")
    body["properties"]["storageProfile"]["osDisk"]["name"] = "disk2"
    refused(lambda: cloud.compute.virtual_machines.begin_create_or_update("rg", "vm2", body), "NicInUse")


def test_a_machine_that_does_not_boot_ends_as_failed_and_can_be_deleted(cloud: Harness) -> None:
    bodies.stage(cloud)
    cloud.guests.fail_next("boot", "no kernel")
    with pytest.raises(HttpResponseError, match="no kernel"):
        cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", bodies.machine("rg")).result()
    assert cloud.compute.virtual_machines.get("rg", "vm").provisioning_state == "Failed"
    cloud.compute.virtual_machines.begin_delete("rg", "vm").result()
    assert list((cloud.data / "guests").glob("*.json")) == []


def test_a_delete_overtakes_a_machine_in_the_making_and_leaves_nothing(tmp_path: Path, azurite: Azurite) -> None:
    cloud = Harness(tmp_path, azurite.accounts, latency=Latency("slow", {"vm.put": 60}, 0))
    try:
        bodies.stage(cloud)
        path = f"{bodies.group_id('rg')}/providers/Microsoft.Compute/virtualMachines/vm"
        answer = cloud.put(path, bodies.machine("rg"))
        until(lambda: list((tmp_path / "guests").glob("*.json")))
        cloud.compute.virtual_machines.begin_delete("rg", "vm").result()
        assert cloud.http("GET", path).status_code == 404
        assert list((tmp_path / "guests").glob("*.json")) == []
        operation = cloud.http("GET", _path(cloud, answer.headers["Azure-AsyncOperation"])).json()
        assert (operation["status"], operation["error"]["code"]) == ("Canceled", "OperationPreempted")
    finally:
        cloud.stop()


def test_a_repeated_put_joins_the_operation_under_way(tmp_path: Path, azurite: Azurite) -> None:
    cloud = Harness(tmp_path, azurite.accounts, latency=Latency("slow", {"vm.put": 60}, 0))
    try:
        bodies.stage(cloud)
        path = f"{bodies.group_id('rg')}/providers/Microsoft.Compute/virtualMachines/vm"
        urls = {cloud.put(path, bodies.machine("rg")).headers["Azure-AsyncOperation"] for _ in range(2)}
        assert len(urls) == 1
    finally:
        cloud.stop()
