"""Snapshots: a stopped machine's disk, frozen.

It owns the snapshot's document; it must not know how a disk is frozen (see captures).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure import clock, crud
from devkit.azure.compute import captures
from devkit.azure.compute.shapes import SNAPSHOT
from devkit.azure.errors import invalid, unsupported
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Compute/snapshots"
_SOURCES = ("Microsoft.Compute/disks", TYPE)


@table.route("PUT", crud.path_of(TYPE), body=SNAPSHOT)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Freeze a disk whose machine is stopped, or copy a snapshot; or set an existing snapshot's tags."""
    creation = call.body["properties"]["creationData"]
    if creation["createOption"] != "Copy":
        raise unsupported(f"creationData.createOption {creation['createOption']} for snapshots")
    if "sourceResourceId" not in creation:
        raise invalid("Required parameter 'sourceResourceId' is missing (null).", "creationData.sourceResourceId")
    old = cloud.store.find(call.id)
    if old is None:
        source = captures.require(cloud, creation["sourceResourceId"], _SOURCES, "creationData.sourceResourceId")
        await captures.check_source(cloud, source, generalized=False)
        call.body["properties"]["timeCreated"] = clock.iso(clock.now())
    else:
        call.body["properties"] = {**old.properties, **call.body["properties"]}
    call.body.setdefault("sku", {"name": "Standard_LRS"})
    return crud.put(cloud, call, TYPE, call.body, work="snapshot.put", new=202)


@works.work("snapshot.put")
async def take(cloud: Cloud, operation: Operation) -> None:
    """Freeze the disk."""
    snapshot = cloud.store.get(operation.target)
    source = cloud.store.get(snapshot.properties["creationData"]["sourceResourceId"])
    snapshot.private = await captures.capture(cloud, source, snapshot)
    facts = snapshot.private
    snapshot.properties.update(
        osType=facts["os_type"],
        hyperVGeneration=facts["generation"],
        diskSizeGB=facts["size_gb"],
        diskState="Unattached",
    )
    cloud.store.save(snapshot)


async def remove(cloud: Cloud, snapshot: Resource) -> None:
    """Delete a snapshot and its file."""
    captures.discard(snapshot)
    cloud.store.delete(snapshot)


crud.reads(table, TYPE)
crud.deletes(table, works, TYPE, work="snapshot.delete", remove=remove)
