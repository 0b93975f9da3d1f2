from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx

from kiln.cloud import clients, machines, operations
from kiln.planner.facts import PurchasePlan
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import WINDOWS, machine_of, plan_with, stage, start_machine, turned_off
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

if TYPE_CHECKING:
    from azure.mgmt.compute.models import VirtualMachine

    from devkit.local.in_process import InProcessAzure
    from kiln.planner.plan import MachineSpec

BUILDER = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images"
    "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder"
)
JAMMY = {
    "type": "PlatformImage",
    "publisher": "Canonical",
    "offer": "0001-com-ubuntu-server-jammy",
    "sku": "22_04-lts-gen2",
}
ALMA = {
    "type": "PlatformImage",
    "publisher": "almalinux",
    "offer": "almalinux",
    "sku": "9-gen2",
    "planInfo": {"planName": "9-gen2", "planProduct": "almalinux", "planPublisher": "almalinux"},
}


def made(machine: MachineSpec) -> VirtualMachine:
    start_machine(machine)
    return clients.compute(SUBSCRIPTION).virtual_machines.get(machine.group, machine.name, api_version=clients.COMPUTE)


def puts(azure: InProcessAzure, machine: MachineSpec) -> int:
    calls = httpx.get(f"{azure.http_url}/_local/requests").json()["requests"]
    path = machines.machine_id(machine)
    return sum(call["method"] == "PUT" and call["path"] == path for call in calls)


def test_a_linux_machine_may_be_asked_for_again() -> None:
    plan = plan_with()
    stage(plan)
    start_machine(machine_of(plan))

    assert operations.check(machines.start_machine(machine_of(plan))).done


def test_a_windows_machine_is_asked_for_once_as_its_password_changes(settings: InProcessAzure) -> None:
    plan = plan_with(source=WINDOWS)
    stage(plan)
    machine = machine_of(plan)
    found = made(machine)

    again = machines.start_machine(machine)

    assert puts(settings, machine) == 1
    assert operations.check(again).done
    assert found.os_profile is not None
    assert found.os_profile.windows_configuration is not None
    assert len(str(found.os_profile.computer_name)) <= 15


def test_a_machine_has_identities_and_added_disks_and_its_own_of_the_source() -> None:
    plan = plan_with(
        vmProfile={"userAssignedIdentities": [BUILDER]}, additionalDataDisks=[{"sizeGB": 8}, {"sizeGB": 16}]
    )
    stage(plan)

    found = made(machine_of(plan))

    assert found.identity is not None
    assert [identity.lower() for identity in found.identity.user_assigned_identities or {}] == [BUILDER.lower()]
    assert found.storage_profile is not None
    assert [(disk.lun, disk.disk_size_gb) for disk in found.storage_profile.data_disks or []] == [(0, 8), (1, 16)]
    assert len(machines.disk_ids(machine_of(plan))) == 3


def test_a_sources_own_data_disk_gets_a_name_that_clean_up_knows() -> None:
    source = turned_off(plan_with(additionalDataDisks=[{"sizeGB": 8}]))
    image_id = f"{arm.group('rg-own-disks')}/providers/Microsoft.Compute/images/{uuid.uuid4().hex[:8]}"
    arm.managed_image(image_id, {"sourceVirtualMachine": {"id": machines.machine_id(machine_of(source))}})
    plan = plan_with(source={"type": "ManagedImage", "imageId": image_id})
    stage(plan)
    machine = machine_of(plan)

    found = made(machine)

    assert found.storage_profile is not None
    disks = found.storage_profile.data_disks or []
    assert [(disk.name, disk.create_option, disk.delete_option) for disk in disks] == [
        (machine.data_disks[0].name, "FromImage", "Delete")
    ]


def test_a_paid_source_gets_a_machine_with_its_plan() -> None:
    plan = plan_with(source=ALMA)
    stage(plan)

    found = made(machine_of(plan))

    assert machine_of(plan).plan == PurchasePlan(name="9-gen2", product="almalinux", publisher="almalinux")
    assert found.plan is not None
    assert found.plan.product == "almalinux"


def test_in_a_subnet_of_ones_own_the_machine_has_kilns_security_group_on_its_interface() -> None:
    network = f"{arm.group('rg-own-network')}/providers/Microsoft.Network/virtualNetworks/net-{uuid.uuid4().hex[:8]}"
    arm.network(network, [{"name": "mine", "properties": {"addressPrefix": "10.9.0.0/24"}}])
    plan = plan_with(vmProfile={"vnetConfig": {"subnetId": f"{network}/subnets/mine"}})
    stage(plan)
    machine = machine_of(plan)

    machines.start_interface(machine)

    nic = clients.network(SUBSCRIPTION).network_interfaces.get(
        machine.group, machine.interface, api_version=clients.NETWORK
    )
    assert nic.network_security_group is not None
    assert str(nic.network_security_group.id).endswith("/kiln-nsg")
    assert nic.ip_configurations is not None
    subnet = nic.ip_configurations[0].subnet
    assert subnet is not None
    assert str(subnet.id).lower() == f"{network}/subnets/mine".lower()
