"""Access to a disk's data: a fixed VHD as a page blob, readable by a SAS for as long as granted.

It owns grant and revoke; it must not know a disk's other rules.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from devkit.azure import clock, crud, signing
from devkit.azure.compute import disks
from devkit.azure.compute.shapes import GRANT
from devkit.azure.errors import conflict, invalid, unsupported
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.routing import Answer, Call, RouteTable
from devkit.azure.storage.accounts import DISKS_ACCOUNT

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
_CONTAINER = "disks"
_LONGEST = 2**32 - 1  # seconds; learn.microsoft.com, Disks - Grant Access


@table.route("POST", disks.PATH + "/beginGetAccess", body=GRANT)
async def grant(cloud: Cloud, call: Call) -> Answer:
    """Give read access for `durationInSeconds`; the SAS is in the operation's result."""
    disk = cloud.store.get(call.id)
    if call.body["access"] != "Read":
        raise unsupported(f"access level {call.body['access']}")
    if not 0 < call.body["durationInSeconds"] <= _LONGEST:
        raise invalid("durationInSeconds is out of range.", "durationInSeconds")
    if disks.state_of(cloud, disk) == "Attached":
        raise conflict(f"Cannot grant access to disk {disk.name}: it is attached to an allocated VM.", disk.id)
    if "guest" not in disk.private:
        raise unsupported("the export of a disk without data")
    args = {"seconds": call.body["durationInSeconds"]}
    return crud.action(cloud, call, "disk.grant", result="output", args=args)


@works.work("disk.grant")
async def export(cloud: Cloud, operation: Operation) -> dict[str, Any]:
    """Write the disk into a page blob, unless it is there, and sign a SAS for it; the same one if asked again."""
    disk = cloud.store.get(operation.target)
    access = disk.private.get("access")
    if access is None:
        blob = f"{_CONTAINER}/{uuid.uuid4()}.vhd"
        target = cloud.data / "exports" / blob.rsplit("/", 1)[-1]
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            await cloud.machines.export(disk, target)
            await cloud.blobs.ensure_container(DISKS_ACCOUNT, _CONTAINER)
            await cloud.blobs.upload_disk(DISKS_ACCOUNT, blob, target)
        finally:
            target.unlink(missing_ok=True)
        access = {"account": DISKS_ACCOUNT, "blob": blob, "expiry": 0.0, "start": 0.0}
    if access["expiry"] <= clock.now():
        access |= {"start": clock.now() - 300, "expiry": clock.now() + operation.args["seconds"]}
    disk.private["access"] = access
    cloud.store.save(disk)
    return {"accessSAS": _sas(cloud, disk)}


def _sas(cloud: Cloud, disk: Resource) -> str:
    access = disk.private["access"]
    account = access["account"]
    url = f"{cloud.storage.endpoint(account)}/{access['blob']}"
    key = cloud.storage.create(account)
    return signing.blob_sas(url, account, key, permissions="r", start=access["start"], expiry=access["expiry"])


@table.route("POST", disks.PATH + "/endGetAccess")
async def revoke(cloud: Cloud, call: Call) -> Answer:
    """End all access to the disk; nothing happens if there is none."""
    return crud.action(cloud, call, "disk.revoke")


@works.work("disk.revoke")
async def withdraw(cloud: Cloud, operation: Operation) -> None:
    """Delete the page blob, so that no SAS gives access to it any more."""
    disk = cloud.store.get(operation.target)
    access = disk.private.pop("access", None)
    if access is not None:
        await cloud.blobs.delete(access["account"], access["blob"])
        cloud.store.save(disk)
