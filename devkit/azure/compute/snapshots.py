"""Snapshots: frozen disks of stopped machines, and copies of snapshots, also in the background and to another region.

It owns the snapshot's document; it must not know how a disk is frozen (see captures).
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from devkit.azure import clock, crud, regions
from devkit.azure.compute import captures, disk_sources
from devkit.azure.compute.shapes import SNAPSHOT
from devkit.azure.compute.source_facts import describe
from devkit.azure.errors import ArmError, invalid, unsupported
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.routing import SUBSCRIPTION, Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Compute/snapshots"
PATH = crud.path_of(TYPE)
_SOURCES = ("Microsoft.Compute/disks", TYPE)
_GIB = 1024**3


@table.route("PUT", PATH, body=SNAPSHOT)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Freeze a disk whose machine is stopped, or copy a snapshot; or set an existing snapshot's tags."""
    properties = call.body["properties"]
    creation = properties["creationData"]
    if creation["createOption"] not in {"Copy", "CopyStart"}:
        raise unsupported(f"creationData.createOption {creation['createOption']} for snapshots")
    if "sourceResourceId" not in creation:
        raise invalid("Required parameter 'sourceResourceId' is missing (null).", "creationData.sourceResourceId")
    old = cloud.store.find(call.id)
    if old is None:
        source = captures.require(cloud, creation["sourceResourceId"], _SOURCES, "creationData.sourceResourceId")
        await captures.check_source(cloud, source)
        properties.setdefault("incremental", False)
        _check_copy(properties, source, regions.normal(call.body["location"]))
        _fill_in(cloud, properties, source)
    else:
        if any(properties[part] != old.properties[part] for part in ("incremental",) if part in properties):
            message = "Changing property 'incremental' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message, target="incremental")
        call.body["properties"] = {**old.properties, **properties, "creationData": old.properties["creationData"]}
    call.body.setdefault("sku", {"name": "Standard_LRS"})
    snapshot, created = crud.stage(cloud, call, TYPE, call.body)
    if created and creation["createOption"] == "CopyStart":
        snapshot.private["copy"] = {"started": clock.now(), "seconds": cloud.latency.seconds("snapshot.copy")}
        cloud.store.save(snapshot)
    operation = cloud.operations.begin("snapshot.put", snapshot.id, failure=call.failure)
    answer = crud.put_answer(cloud, call, snapshot, operation, status=202 if created else 200)
    return Answer(answer.status, show(snapshot), answer.headers)


def _check_copy(properties: dict[str, Any], source: Resource, location: str) -> None:
    """Refuse a copy that Azure cannot make.

    CopyStart goes from an incremental snapshot to an incremental snapshot, in any region; Copy stays in its region
    (learn.microsoft.com, "Copy an incremental snapshot to a new region").
    """
    target = "creationData.sourceResourceId"
    if properties["creationData"]["createOption"] == "Copy":
        captures.refuse_other_region(source, location)
    elif source.type.lower() != TYPE.lower() or not source.properties["incremental"]:
        raise invalid("The source of createOption CopyStart has to be an incremental snapshot.", target)
    elif not properties["incremental"]:
        raise invalid("A snapshot with createOption CopyStart has to be incremental.", "incremental")


def _fill_in(cloud: Cloud, properties: dict[str, Any], source: Resource) -> None:
    facts = describe(cloud, source)
    size_gb = source.properties["diskSizeGB"]
    properties["creationData"]["sourceUniqueId"] = source.properties["uniqueId"]
    properties.update(
        timeCreated=clock.iso(clock.now()),
        uniqueId=str(uuid.uuid4()),
        diskSizeGB=size_gb,
        diskSizeBytes=size_gb * _GIB,
        diskState="Unattached",
        encryption={"type": "EncryptionAtRestWithPlatformKey"},
        networkAccessPolicy=properties.get("networkAccessPolicy", "AllowAll"),
        publicNetworkAccess=properties.get("publicNetworkAccess", "Enabled"),
        **disk_sources.shown(facts.os_type, facts.generation, facts.architecture, facts.security, facts.plan),
    )
    if properties["incremental"]:
        family = source.properties.get("incrementalSnapshotFamilyId")
        properties["incrementalSnapshotFamilyId"] = family or str(uuid.uuid4())


@works.work("snapshot.put")
async def take(cloud: Cloud, operation: Operation) -> None:
    """Freeze the disk."""
    snapshot = cloud.store.get(operation.target)
    if "file" in snapshot.private:
        return
    source = cloud.store.get(snapshot.properties["creationData"]["sourceResourceId"])
    snapshot.private.update(await captures.capture(cloud, source, snapshot))
    cloud.store.save(snapshot)


def show(snapshot: Resource) -> dict[str, Any]:
    """Show a snapshot, with the progress of its background copy."""
    shown = snapshot.show()
    shown["properties"]["completionPercent"] = captures.copied(snapshot)
    return shown


@table.route("GET", PATH)
async def get(cloud: Cloud, call: Call) -> Answer:
    """Show a snapshot."""
    return Answer(200, show(cloud.store.get(call.id)))


@table.route("GET", TYPE)
@table.route("GET", f"{SUBSCRIPTION}/providers/{TYPE}")
async def list_snapshots(cloud: Cloud, call: Call) -> Answer:
    """List the snapshots of a group or of the subscription."""
    return Answer(200, {"value": [show(found) for found in cloud.store.list(kind=TYPE, within=call.id)]})


async def remove(cloud: Cloud, snapshot: Resource) -> None:
    """Delete a snapshot and its file."""
    captures.discard(snapshot)
    cloud.store.delete(snapshot)


crud.deletes(table, works, TYPE, work="snapshot.delete", remove=remove)
