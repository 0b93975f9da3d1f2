"""Managed Run Command: the resource that runs a script in a machine and shows how it went.

It owns the resource's rules; it must not know how a script reaches the machine or its output a blob.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure import clock, crud, ids
from devkit.azure.compute import instance_view
from devkit.azure.compute.script_runs import Script, ScriptRun
from devkit.azure.compute.shapes import RUN_COMMAND
from devkit.azure.errors import ArmError, conflict, invalid, unsupported
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource
    from devkit.guests.port import Guest

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Compute/virtualMachines/runCommands"
PATH = crud.path_of(TYPE)
_PER_MACHINE = 25  # MicrosoftDocs/azure-docs#117976: "max=25, current=25 ... has been exceeded"
_TIMEOUT = 90 * 60  # seconds; learn.microsoft.com, "Managed Run Command": the default
_LOST = "The local Azure was stopped while the script ran and cannot follow it any more."


@table.route("PUT", PATH, body=RUN_COMMAND)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Run a script; a PUT to a name that is in use kills that name's script first."""
    vm = cloud.store.get(ids.parent(call.id))
    properties = call.body["properties"]
    _check(cloud, vm, ids.key(call.id), properties)
    guest = await _running_guest(cloud, vm)
    script = await _script(cloud, properties)
    _hide(properties)
    await cloud.scripts.kill(ids.key(call.id))
    command, created = crud.stage(cloud, call, TYPE, call.body)
    command.private = {"view": {"executionState": "Pending", "executionMessage": "", "output": "", "error": ""}}
    cloud.store.save(command)
    if call.failure is None:
        await _launch(cloud, command, guest, script)
    operation = cloud.operations.begin("runCommand.put", command.id, failure=call.failure, preempts=True, joins=False)
    return crud.put_answer(cloud, call, command, operation, status=201 if created else 200)


def _check(cloud: Cloud, vm: Resource, key: str, properties: dict[str, Any]) -> None:
    source = properties["source"]
    given = [name for name in ("script", "scriptUri", "commandId") if name in source]
    if len(given) != 1:
        raise invalid("Exactly one of script, scriptUri, commandId has to be given.", "properties.source")
    if given == ["commandId"]:
        raise unsupported("properties.source.commandId")
    others = [found for found in cloud.store.list(kind=TYPE, within=vm.id) if found.key != key]
    if len(others) >= _PER_MACHINE:
        message = (
            f"The maximum number of run commands per virtual machine (max={_PER_MACHINE}, current={len(others)}) "
            "has been exceeded."
        )
        raise conflict(message)


async def _running_guest(cloud: Cloud, vm: Resource) -> Guest:
    guest = await cloud.machines.find(vm)
    if guest is None or instance_view.power_of(vm, guest) != "running":
        raise conflict("Cannot modify extensions in the VM when the VM is not running.")
    return guest


async def _script(cloud: Cloud, properties: dict[str, Any]) -> Script:
    source = properties["source"]
    content = source["script"].encode() if "script" in source else await cloud.blobs.read(source["scriptUri"])
    parameters = [*properties.get("parameters", []), *properties.get("protectedParameters", [])]
    return Script(
        content=content,
        environment={p["name"]: p["value"] for p in parameters if p.get("name")},
        arguments=[p["value"] for p in parameters if not p.get("name")],
        timeout=float(properties.get("timeoutInSeconds", _TIMEOUT)),
        output_url=properties.get("outputBlobUri"),
        error_url=properties.get("errorBlobUri"),
    )


def _hide(properties: dict[str, Any]) -> None:
    """Remove values that a GET never shows: protected ones, and the signatures in URLs."""
    properties.pop("protectedParameters", None)
    for name in ("outputBlobUri", "errorBlobUri"):
        if name in properties:
            properties[name] = properties[name].split("?")[0]
    if "scriptUri" in properties["source"]:
        properties["source"]["scriptUri"] = properties["source"]["scriptUri"].split("?")[0]


async def _launch(cloud: Cloud, command: Resource, guest: Guest, script: Script) -> None:
    def record(view: dict[str, Any]) -> None:
        command.private["view"] = view
        cloud.store.save(command)

    run = ScriptRun(script, guest, cloud.blobs, cloud.latency.append_interval, record)
    await cloud.scripts.launch(command.key, run)


@works.work("runCommand.put")
async def follow(cloud: Cloud, operation: Operation) -> None:
    """Wait for the script's start (asyncExecution) or end; a failed script fails it only if the resource says so."""
    command = cloud.store.get(operation.target)
    run = cloud.scripts.find(command.key)
    if run is None:
        lose(cloud, command)
        raise ArmError(409, "VMExtensionProvisioningError", _LOST)
    if command.properties.get("asyncExecution", False):
        await run.started.wait()
        return
    await cloud.scripts.finish(command.key)
    if command.properties.get("treatFailureAsDeploymentFailure", False) and run.state != "Succeeded":
        message = f"Run command '{command.name}' ended as {run.state} with exit code {run.exit_code}. {run.message}"
        raise ArmError(409, "VMExtensionProvisioningError", message)


def lose(cloud: Cloud, command: Resource) -> None:
    """Record that a script cannot be followed, as an earlier process started it."""
    if command.private["view"]["executionState"] in {"Pending", "Running"}:
        ended = {
            "executionState": "Failed",
            "executionMessage": _LOST,
            "exitCode": -1,
            "endTime": clock.iso(clock.now()),
        }
        command.private["view"].update(ended)
        cloud.store.save(command)


def _show(cloud: Cloud, command: Resource, *, expanded: bool) -> dict[str, Any]:
    shown = command.show()
    if expanded:
        run = cloud.scripts.find(command.key)
        shown["properties"]["instanceView"] = run.view if run else command.private["view"]
    return shown


@table.route("GET", PATH)
async def get(cloud: Cloud, call: Call) -> Answer:
    """Show a run command, with its instance view if asked."""
    return Answer(200, _show(cloud, cloud.store.get(call.id), expanded="instanceview" in call.expand))


@table.route("GET", PATH.rsplit("/", 1)[0])
async def list_commands(cloud: Cloud, call: Call) -> Answer:
    """List a machine's run commands."""
    expanded = "instanceview" in call.expand
    found = cloud.store.list(kind=TYPE, within=call.id)
    return Answer(200, {"value": [_show(cloud, command, expanded=expanded) for command in found]})


async def remove(cloud: Cloud, command: Resource) -> None:
    """Terminate the script and delete the resource."""
    await cloud.scripts.kill(command.key)
    cloud.store.delete(command)


crud.deletes(table, works, TYPE, work="runCommand.delete", remove=remove)
