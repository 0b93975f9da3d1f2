"""Image versions: captured once, published in the home region, replicated to the others.

It owns the version's rules and its publishing; it must not know how a disk is frozen (see captures).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from devkit.azure import clock, crud, ids, regions
from devkit.azure.compute import captures
from devkit.azure.errors import ArmError
from devkit.azure.gallery import version_rules, version_sources
from devkit.azure.gallery.shapes import VERSION, VERSION_UPDATE
from devkit.azure.gallery_facts import replication
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Compute/galleries/images/versions"
PATH = crud.path_of(TYPE)


@table.route("PUT", PATH, body=VERSION)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Publish a version, or change regions, replicas and excludeFromLatest of one."""
    version_rules.check_name(call.id.rsplit("/", 1)[-1])
    definition = cloud.store.get(ids.parent(call.id))
    old = cloud.store.find(call.id)
    version_rules.complete(call.body)
    properties = call.body["properties"]
    targets = [regions.normal(target["name"]) for target in properties["publishingProfile"]["targetRegions"]]
    if old is None:
        siblings = cloud.store.list(kind=TYPE.lower(), within=definition.id)
        version_rules.check_only_spelling(call.id.rsplit("/", 1)[-1], (sibling.name for sibling in siblings))
        source, data = version_sources.sources(cloud, properties)
        await version_sources.check(cloud, source, data, definition, regions.normal(call.body["location"]))
        properties["publishingProfile"]["publishedDate"] = clock.iso(clock.now())
        old = cloud.store.find(call.id)  # another PUT may have made it while the source was looked at
    if old is not None:
        _refuse_other_update(cloud, old, targets)
        call.body["properties"] = version_rules.merged(old, properties)
    version, created = crud.stage(cloud, call, TYPE, call.body)
    regional_fault = call.fault.rule.get("replication") if call.fault else None
    if regional_fault is not None:
        version.private.setdefault("faults", {})[regions.normal(regional_fault["region"])] = regional_fault
        cloud.store.save(version)
    operation = cloud.operations.begin("version.put", version.id, args={"regions": targets}, failure=call.failure)
    return crud.put_answer(cloud, call, version, operation, status=201 if created else 200)


@table.route("PATCH", PATH, body=VERSION_UPDATE)
async def patch(cloud: Cloud, call: Call) -> Answer:
    """Change the given properties of an existing version, as a PUT of the whole would."""
    old = cloud.store.get(call.id)
    given = call.body.get("properties", {})
    profile = {**old.properties["publishingProfile"], **given.get("publishingProfile", {})}
    body = {
        "location": old.doc["location"],
        "tags": call.body.get("tags", old.doc.get("tags", {})),
        "properties": {**given, "publishingProfile": profile},
    }
    return await put(cloud, replace(call, body=body))


def _refuse_other_update(cloud: Cloud, version: Resource, targets: list[str]) -> None:
    """Refuse to publish to other regions before the last update has ended; the same one again is joined."""
    under_way = cloud.operations.running_on(version.id)
    if any(operation.kind == "version.put" and operation.args["regions"] != targets for operation in under_way):
        state = version.properties["provisioningState"]
        raise ArmError(
            409, "Conflict", f"The version {version.id} cannot be updated: its provisioning state is {state}."
        )


def _targets(version: Resource) -> list[dict[str, Any]]:
    targets: list[dict[str, Any]] = version.properties["publishingProfile"]["targetRegions"]
    return targets


@works.work("version.put")
async def publish(cloud: Cloud, operation: Operation) -> None:
    """Capture a version unless that was done, copy it to the home region, then to the others, and wait for all."""
    version = cloud.store.get(operation.target)
    await _capture(cloud, version)
    home = version.doc["location"]
    names = operation.args["regions"]
    replication.keep_only(version, names)
    _begin(cloud, version, home, "version.home")
    await asyncio.sleep(replication.remaining(version))
    for name in names:
        _begin(cloud, version, name, "replication")
    await asyncio.sleep(replication.remaining(version))
    failed = replication.failures(version)
    if failed:
        details = [{"code": "ReplicationFailed", "message": why, "target": name} for name, why in failed.items()]
        message = f"Replication of {version.id} failed in: {', '.join(failed)}."
        raise ArmError(409, "GalleryImageVersionReplicationFailed", message, details=details)


async def _capture(cloud: Cloud, version: Resource) -> None:
    if "file" in version.private:
        return
    source, data = version_sources.sources(cloud, version.properties)
    definition = cloud.store.get(ids.parent(version.id))
    captured = await captures.capture(cloud, source, version, data)
    captured["generalized"] = definition.properties["osState"] == "Generalized"
    version.private.update(captured)
    storage = version.properties["storageProfile"]
    disk = storage.setdefault("osDiskImage", {})
    disk.setdefault("hostCaching", "ReadWrite")
    disk["sizeInGB"] = captured["size_gb"]
    given = {image["lun"]: image for image in storage.get("dataDiskImages", [])}
    storage["dataDiskImages"] = [
        {"hostCaching": "None", **given.get(part["lun"], {}), "lun": part["lun"], "sizeInGB": part["size_gb"]}
        for part in captured["data"]
    ]
    cloud.store.save(version)


def _begin(cloud: Cloud, version: Resource, region: str, kind: str) -> None:
    """Begin the copy into a region, unless it is done or under way; a failed one is begun again."""
    if replication.regional_state(version, region) in {"Completed", "Replicating"}:
        return
    mode = version.properties["publishingProfile"].get("replicationMode", "Full")
    seconds = 0.0 if mode == "Shallow" else cloud.latency.seconds(kind)
    fault = version.private.get("faults", {}).pop(region, None)
    replication.begin(version, region, seconds, fault=fault)
    cloud.store.save(version)


@table.route("GET", PATH)
async def get(cloud: Cloud, call: Call) -> Answer:
    """Show a version, with its replication if asked."""
    version = cloud.store.get(call.id)
    shown = version.show()
    if "replicationstatus" in call.expand:
        shown["properties"]["replicationStatus"] = replication.status(version, _targets(version))
    return Answer(200, shown)


def _refuse(cloud: Cloud, version: Resource) -> None:
    for other in cloud.store.list(kind=TYPE):
        source = other.properties["storageProfile"].get("source", {})
        if ids.key(source.get("id", "")) == version.key and "file" not in other.private:
            raise ArmError(409, "Conflict", f"The version {version.id} is being copied to {other.id}.")


async def remove(cloud: Cloud, version: Resource) -> None:
    """Delete a version and its disk."""
    captures.discard(version)
    cloud.store.delete(version)


crud.lists(table, TYPE)
crud.deletes(table, works, TYPE, work="version.delete", remove=remove, refuse=_refuse)
