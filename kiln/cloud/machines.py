"""The build machine: its interface, itself, its power, and the generalized mark. No public IP, no way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.operations import start
from kiln.ids import resource_id

if TYPE_CHECKING:
    from kiln.messages import Operation
    from kiln.planner.plan import MachineSpec


def machine_id(machine: MachineSpec) -> str:
    """Return the machine's ARM id."""
    return resource_id(machine.subscription, machine.group, "Microsoft.Compute/virtualMachines", machine.name)


def interface_id(machine: MachineSpec) -> str:
    """Return its network interface's ARM id."""
    return resource_id(machine.subscription, machine.group, "Microsoft.Network/networkInterfaces", machine.interface)


def disk_id(machine: MachineSpec) -> str:
    """Return its OS disk's ARM id."""
    return resource_id(machine.subscription, machine.group, "Microsoft.Compute/disks", machine.disk)


def start_interface(machine: MachineSpec) -> Operation:
    """Start to make the network interface: a private address in the build subnet, and no public one."""
    network = resource_id(
        machine.subscription,
        machine.group,
        "Microsoft.Network/virtualNetworks/subnets",
        machine.network,
        machine.subnet,
    )
    body: Any = {
        "location": machine.location,
        "tags": machine.tags,
        "properties": {
            "ipConfigurations": [
                {
                    "name": "private",
                    "properties": {"subnet": {"id": network}, "privateIPAllocationMethod": "Dynamic"},
                }
            ]
        },
    }
    return start(
        f"create the network interface {machine.interface}",
        clients.network(machine.subscription).network_interfaces.begin_create_or_update,
        machine.group,
        machine.interface,
        body,
        api_version=clients.NETWORK,
    )


def start_machine(machine: MachineSpec) -> Operation:
    """Start to make the machine. Interface and disk go with it when it is deleted."""
    return start(
        f"create the build machine {machine.name}",
        clients.compute(machine.subscription).virtual_machines.begin_create_or_update,
        machine.group,
        machine.name,
        machine_body(machine),
        api_version=clients.COMPUTE,
    )


def machine_body(machine: MachineSpec) -> dict[str, Any]:
    """Return the body of the machine's PUT."""
    source = machine.source
    os_disk: dict[str, Any] = {
        "name": machine.disk,
        "createOption": "FromImage",
        "deleteOption": "Delete",
        "managedDisk": {"storageAccountType": "StandardSSD_LRS"},
    }
    if machine.disk_size_gb:
        os_disk["diskSizeGB"] = machine.disk_size_gb
    body: dict[str, Any] = {
        "location": machine.location,
        "tags": machine.tags,
        "properties": {
            "hardwareProfile": {"vmSize": machine.size},
            "storageProfile": {
                "imageReference": {
                    "publisher": source.publisher,
                    "offer": source.offer,
                    "sku": source.sku,
                    "version": source.version,
                },
                "osDisk": os_disk,
            },
            "osProfile": {
                "computerName": "kiln",
                "adminUsername": "kiln",
                "linuxConfiguration": {
                    "disablePasswordAuthentication": True,
                    "ssh": {
                        "publicKeys": [{"path": "/home/kiln/.ssh/authorized_keys", "keyData": machine.ssh_public_key}]
                    },
                },
            },
            "networkProfile": {
                "networkInterfaces": [
                    {"id": interface_id(machine), "properties": {"primary": True, "deleteOption": "Delete"}}
                ]
            },
        },
    }
    if source.plan_name:
        body["plan"] = {
            "name": source.plan_name,
            "product": source.plan_product,
            "publisher": source.plan_publisher,
        }
    return body


def power_state(machine: MachineSpec) -> str:
    """Return the machine's power state: `running`, `stopped`, `deallocated`, ... or `unknown`."""
    with azure(f"read the power state of {machine.name}"):
        view = clients.compute(machine.subscription).virtual_machines.instance_view(
            machine.group, machine.name, api_version=clients.COMPUTE
        )
    for status in view.statuses or []:
        kind, _, value = str(status.code).partition("/")
        if kind == "PowerState":
            return value
    return "unknown"


def start_deallocate(machine: MachineSpec) -> Operation:
    """Start to give the machine's hardware back, which ends its cost and settles its disk."""
    return start(
        f"deallocate the build machine {machine.name}",
        clients.compute(machine.subscription).virtual_machines.begin_deallocate,
        machine.group,
        machine.name,
        api_version=clients.COMPUTE,
    )


def mark_generalized(machine: MachineSpec) -> None:
    """Tell Azure that the machine is generalized; it cannot be started after that."""
    with azure(f"mark the build machine {machine.name} as generalized"):
        clients.compute(machine.subscription).virtual_machines.generalize(
            machine.group, machine.name, api_version=clients.COMPUTE
        )
