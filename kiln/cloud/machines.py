"""Virtual machines: making them with their network interface, restarting, deallocating, and marking as generalized.

They have no public IP address, and nothing can connect to them. machine_body.py has the bodies of the PUTs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.machine_body import interface_body, machine_body
from kiln.cloud.operations import refuse_page, start
from kiln.config import config
from kiln.contracts.base import Operation
from kiln.errors import AzureNotFound
from kiln.ids import resource_id

if TYPE_CHECKING:
    from kiln.planner.plan import MachineRef, MachineSpec


def machine_id(machine: MachineRef) -> str:
    """Return the machine's ARM id."""
    return resource_id(machine.subscription, machine.group, "Microsoft.Compute/virtualMachines", machine.name)


def interface_id(machine: MachineSpec) -> str:
    """Return the ARM id of the machine's network interface."""
    return resource_id(machine.subscription, machine.group, "Microsoft.Network/networkInterfaces", machine.interface)


def disk_ids(machine: MachineSpec) -> tuple[str, ...]:
    """Return the ARM ids of the machine's disks, the OS disk's first."""
    names = (machine.disk, *(disk.name for disk in machine.data_disks))
    return tuple(resource_id(machine.subscription, machine.group, "Microsoft.Compute/disks", name) for name in names)


def start_interface(machine: MachineSpec) -> Operation:
    """Start to make the network interface: a private address in the build subnet, and no public one."""
    return start(
        f"create the network interface {machine.interface}",
        clients.network(machine.subscription).network_interfaces.begin_create_or_update,
        machine.group,
        machine.interface,
        interface_body(machine),
        api_version=clients.NETWORK,
    )


def start_machine(machine: MachineSpec) -> Operation:
    """Start to make the machine. Azure deletes its network interface and disks together with it.

    A Windows machine gets a password that nobody ever sees, another one with each call. So the PUT of a machine that
    exists already is never repeated: the operation then asks for the machine's own state.
    """
    doing = f"create the {machine.purpose} machine {machine.name}"
    if machine.os == "Windows" and _exists(machine):
        return Operation(doing=doing, url=f"{config().arm_endpoint}{machine_id(machine)}?api-version={clients.COMPUTE}")
    return start(
        doing,
        clients.compute(machine.subscription).virtual_machines.begin_create_or_update,
        machine.group,
        machine.name,
        machine_body(machine, interface_id(machine)),
        api_version=clients.COMPUTE,
    )


def _exists(machine: MachineSpec) -> bool:
    try:
        with azure(f"look up the machine {machine.name}"):
            clients.compute(machine.subscription).virtual_machines.get(
                machine.group, machine.name, api_version=clients.COMPUTE
            )
    except AzureNotFound:
        return False
    return True


def power_state(machine: MachineRef) -> str:
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


def start_restart(machine: MachineRef) -> Operation:
    """Start to restart the machine's operating system, as its power button would."""
    return start(
        f"restart the {machine.purpose} machine {machine.name}",
        clients.compute(machine.subscription).virtual_machines.begin_restart,
        machine.group,
        machine.name,
        api_version=clients.COMPUTE,
    )


def start_deallocate(machine: MachineRef) -> Operation:
    """Start to deallocate the machine, which ends its cost and leaves its disks at rest."""
    return start(
        f"deallocate the {machine.purpose} machine {machine.name}",
        clients.compute(machine.subscription).virtual_machines.begin_deallocate,
        machine.group,
        machine.name,
        api_version=clients.COMPUTE,
    )


def mark_generalized(machine: MachineRef) -> None:
    """Tell Azure that the machine is generalized; it cannot be started after that."""
    with azure(f"mark the {machine.purpose} machine {machine.name} as generalized"):
        clients.compute(machine.subscription).virtual_machines.generalize(
            machine.group,
            machine.name,
            api_version=clients.COMPUTE,
            raw_response_hook=lambda answer: refuse_page(answer.http_response),
        )
