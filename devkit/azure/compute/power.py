"""Power operations and generalization of virtual machines.

It owns when each is allowed and what it does to the machine; it must not know how machines are made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure import crud
from devkit.azure.compute import disks, instance_view, vm_disks
from devkit.azure.compute.virtual_machines import PATH
from devkit.azure.errors import ArmError, conflict
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()


async def _power(cloud: Cloud, vm: Resource) -> str:
    return instance_view.power_of(vm, await cloud.machines.find(vm))


def _refuse_generalized(vm: Resource, operation: str) -> None:
    if vm.private.get("generalized"):
        raise conflict(f"Operation '{operation}' is not allowed on VM '{vm.name}' since the VM is generalized.")


def _refuse_unprovisioned(vm: Resource, operation: str) -> None:
    if not vm.private.get("provisioned"):
        raise conflict(f"Operation '{operation}' is not allowed on VM '{vm.name}', which is not provisioned.")


@table.route("POST", PATH + "/start")
async def start(cloud: Cloud, call: Call) -> Answer:
    """Start a machine; a generalized one, or one whose disk is under access, cannot start."""
    vm = cloud.store.get(call.id)
    _refuse_generalized(vm, "start")
    _refuse_unprovisioned(vm, "start")
    for disk in vm_disks.existing(cloud, vm):
        disks.refuse_under_access(disk, "attaching")
    return crud.action(cloud, call, "vm.start")


@works.work("vm.start")
async def do_start(cloud: Cloud, operation: Operation) -> None:
    """Boot the machine."""
    vm = cloud.store.get(operation.target)
    await (await cloud.machines.get(vm)).boot()
    _record(cloud, vm, "running")


@table.route("POST", PATH + "/restart")
async def restart(cloud: Cloud, call: Call) -> Answer:
    """Restart a running machine."""
    vm = cloud.store.get(call.id)
    _refuse_generalized(vm, "restart")
    if await _power(cloud, vm) != "running":
        raise conflict(f"Operation 'restart' is not allowed on VM '{vm.name}' since the VM is not running.")
    return crud.action(cloud, call, "vm.restart")


@works.work("vm.restart")
async def do_restart(cloud: Cloud, operation: Operation) -> None:
    """Restart the operating system."""
    await (await cloud.machines.get(cloud.store.get(operation.target))).restart()


@table.route("POST", PATH + "/powerOff")
async def power_off(cloud: Cloud, call: Call) -> Answer:
    """Switch a machine off, by its operating system unless `skipShutdown=true`; it stays allocated."""
    _refuse_unprovisioned(cloud.store.get(call.id), "powerOff")
    hard = call.query.get("skipShutdown", "").lower() == "true"
    return crud.action(cloud, call, "vm.powerOff", args={"graceful": not hard})


@works.work("vm.powerOff")
async def do_power_off(cloud: Cloud, operation: Operation) -> None:
    """Switch the machine off."""
    vm = cloud.store.get(operation.target)
    await (await cloud.machines.get(vm)).power_off(graceful=operation.args["graceful"])
    if vm.private["power"] != "deallocated":
        _record(cloud, vm, "stopped")


@table.route("POST", PATH + "/deallocate")
async def deallocate(cloud: Cloud, call: Call) -> Answer:
    """Switch a machine off and give its hardware back."""
    _refuse_unprovisioned(cloud.store.get(call.id), "deallocate")
    return crud.action(cloud, call, "vm.deallocate")


@works.work("vm.deallocate")
async def do_deallocate(cloud: Cloud, operation: Operation) -> None:
    """Switch the machine off and record that it is deallocated."""
    vm = cloud.store.get(operation.target)
    await (await cloud.machines.get(vm)).power_off(graceful=True)
    _record(cloud, vm, "deallocated")


@table.route("POST", PATH + "/generalize")
async def generalize(cloud: Cloud, call: Call) -> Answer:
    """Mark a stopped machine as generalized, at once and for ever."""
    vm = cloud.store.get(call.id)
    power = await _power(cloud, vm)
    if power not in {"stopped", "deallocated"}:
        message = f"Operation 'generalize' is not allowed on VM '{vm.name}' since it is {power}; stop it first."
        raise conflict(message)
    if call.failure is not None:
        raise ArmError(409, call.failure["code"], call.failure["message"])
    vm.private["generalized"] = True
    cloud.store.save(vm)
    return Answer(200)


def _record(cloud: Cloud, vm: Resource, power: str) -> None:
    vm.private["power"] = power
    cloud.store.save(vm)
