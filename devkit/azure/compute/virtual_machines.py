"""Virtual machines: accepted, provisioned on a real machine, shown and deleted.

It owns the document's rules and the machine's creation; it must not know power operations or run commands.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from devkit.azure import clock, crud, ids, regions
from devkit.azure.compute import (
    disks,
    image_source,
    instance_view,
    vm_disks,
    vm_fit,
    vm_identity,
    vm_profile,
    vm_rules,
)
from devkit.azure.compute.shapes import VIRTUAL_MACHINE
from devkit.azure.network import interfaces
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.routing import SUBSCRIPTION, Answer, Call, RouteTable
from devkit.guests.port import GuestSpec

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Compute/virtualMachines"
PATH = crud.path_of(TYPE)


@table.route("PUT", PATH, body=VIRTUAL_MACHINE)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create a machine, or change what may change of one: size, tags, identity, delete options."""
    old = cloud.store.find(call.id)
    vm_id = old.id if old else call.id
    properties = call.body["properties"]
    vm_profile.drop_secrets(properties)
    if "identity" in call.body:
        call.body["identity"] = vm_identity.complete(cloud, vm_id, call.body["identity"])
    if old is None:
        private = _fill_in(cloud, call, properties)
    else:
        private = old.private
        kind = {name: private[name] for name in ("architecture", "generation", "controllers")}
        vm_fit.check_size(properties, old.doc["location"], **kind)
        call.body["properties"] = vm_rules.merged(old, properties)
        vm_rules.keep_envelope(old, call.body)
    nics = vm_rules.nics(cloud, call.body["properties"])
    for nic in nics:
        interfaces.refuse_held(nic, vm_id)
    for nic in nics:
        interfaces.hold(cloud, nic, vm_id)
    vm, created = crud.stage(cloud, call, TYPE, call.body)
    vm.private = private
    cloud.store.save(vm)
    operation = cloud.operations.begin("vm.put", vm.id, failure=call.failure)
    return crud.put_answer(cloud, call, vm, operation, status=201 if created else 200)


def _fill_in(cloud: Cloud, call: Call, properties: dict[str, Any]) -> dict[str, Any]:
    """Complete a new machine's document with what Azure decides, and return its private part."""
    vm_rules.check_new(properties)
    storage = properties["storageProfile"]
    location = regions.normal(call.body["location"])
    facts = image_source.resolve(cloud, storage["imageReference"], location)
    vm_profile.complete(properties, facts, call.id.rsplit("/", 1)[-1])
    vm_fit.check_size(
        properties,
        location,
        architecture=facts.architecture,
        generation=facts.generation,
        controllers=facts.controllers,
    )
    security = vm_fit.check_security(properties, facts)
    vm_disks.complete(cloud, call.id, storage, facts)
    vm_fit.check_plan(call.body.get("plan"), facts, storage["osDisk"]["name"])
    if facts.exact is not None:
        storage["imageReference"]["exactVersion"] = facts.exact
    properties["vmId"] = str(uuid.uuid4())
    properties["timeCreated"] = clock.iso(clock.now())
    wanted_size = storage["osDisk"]["diskSizeGB"]
    return {
        "guest": _free_key(cloud, ids.key(call.id)),
        "generation": facts.generation,
        "controllers": list(facts.controllers),
        "architecture": facts.architecture,
        "security": security,
        "plan": facts.plan,
        "grown_gb": wanted_size if wanted_size > facts.size_gb else None,
    }


def _free_key(cloud: Cloud, key: str) -> str:
    """Choose the machine's key: the id, unless a disk detached from an earlier machine of that name holds it."""
    held = any(disk.private.get("guest") == key for disk in cloud.store.list(kind=disks.TYPE))
    return f"{key}~{uuid.uuid4().hex[:8]}" if held else key


@works.work("vm.put")
async def provision(cloud: Cloud, operation: Operation) -> None:
    """Make and boot the machine; if it was provisioned before, only settle its document."""
    vm = cloud.store.get(operation.target)
    if vm.private.get("provisioned"):
        return
    properties = vm.properties
    facts = image_source.resolve(cloud, properties["storageProfile"]["imageReference"], vm.doc["location"])
    disks.make_for(cloud, vm, facts)
    profile = properties.get("osProfile", {})
    spec = GuestSpec(
        vm_id=vm.private["guest"],
        computer_name=profile.get("computerName", vm.name),
        source=facts.source,
        disk_size_gib=vm.private["grown_gb"],
        admin_username=profile.get("adminUsername"),
        data_disks=vm_disks.for_guest(properties["storageProfile"], facts),
        tags=vm.doc.get("tags", {}),
    )
    guest = await cloud.machines.create(spec)
    await guest.boot()
    vm.private.update(provisioned=True, power="running")
    cloud.store.save(vm)


async def _show(cloud: Cloud, vm: Resource, *, expanded: bool) -> dict[str, Any]:
    shown = vm.show()
    if expanded:
        shown["properties"]["instanceView"] = instance_view.show(vm, await cloud.machines.find(vm))
    return shown


@table.route("GET", PATH)
async def get(cloud: Cloud, call: Call) -> Answer:
    """Show a machine, with its instance view if asked."""
    return Answer(200, await _show(cloud, cloud.store.get(call.id), expanded="instanceview" in call.expand))


@table.route("GET", PATH + "/instanceView", action=True)
async def get_instance_view(cloud: Cloud, call: Call) -> Answer:
    """Show the instance view alone."""
    vm = cloud.store.get(call.id)
    return Answer(200, instance_view.show(vm, await cloud.machines.find(vm)))


@table.route("GET", TYPE)
@table.route("GET", f"{SUBSCRIPTION}/providers/{TYPE}")
async def list_machines(cloud: Cloud, call: Call) -> Answer:
    """List machines; `$expand=instanceView` and `statusOnly` as for one."""
    expanded = "instanceview" in call.expand or call.query.get("statusOnly", "").lower() == "true"
    machines = cloud.store.list(kind=TYPE, within=call.id)
    return Answer(200, {"value": [await _show(cloud, vm, expanded=expanded) for vm in machines]})


def _refuse_delete(cloud: Cloud, vm: Resource) -> None:
    for disk in vm_disks.existing(cloud, vm):
        disks.refuse_under_access(disk, "deleting its virtual machine")


async def remove(cloud: Cloud, vm: Resource) -> None:
    """Delete a machine: its scripts end, its disks and interfaces go or stay as their deleteOption says."""
    for command in cloud.store.list(kind=f"{TYPE}/runCommands", within=vm.id):
        await cloud.scripts.kill(command.key)
        cloud.store.delete(command)
    guest = await cloud.machines.find(vm)
    if guest is not None:
        await guest.power_off(graceful=False)
    for named in vm_disks.named(vm):
        disk = cloud.store.find(named["managedDisk"]["id"])
        if disk is not None:
            await disks.let_go(cloud, disk, delete=named["deleteOption"] == "Delete")
    for reference in vm.properties.get("networkProfile", {}).get("networkInterfaces", []):
        nic = cloud.store.find(reference["id"])
        if nic is None:
            continue
        interfaces.release(cloud, nic)
        if reference.get("properties", {}).get("deleteOption") == "Delete":
            await interfaces.remove(cloud, nic)
    cloud.store.delete(vm)


crud.deletes(table, works, TYPE, work="vm.delete", remove=remove, refuse=_refuse_delete)
