"""Rules that most resources share: reading, listing, accepting a PUT and a DELETE.

It owns these four shapes of a rule; it must not know any particular resource type.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from devkit.azure import lro, regions
from devkit.azure.errors import ArmError
from devkit.azure.routing import SUBSCRIPTION, Answer, Call, RouteTable
from devkit.azure.store import Resource

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.operations import Operation, WorkTable

_NEW: Mapping[str, str] = {"Microsoft.Network": "Updating"}
"""The provisioning state of a resource that is being made, for providers that do not call it Creating
(ProvisioningState in their specifications)."""
Check = Callable[["Cloud", Resource], None]
Remove = Callable[["Cloud", Resource], Awaitable[None]]
Show = Callable[["Cloud", Resource], dict[str, Any]]


def path_of(kind: str) -> str:
    """Write the path of a type's resources: A.B/c/d becomes A.B/c/{c}/d/{d}."""
    namespace, *types = kind.split("/")
    return "/".join([namespace, *(f"{part}/{{{part}}}" for part in types)])


def _shown(_: Cloud, resource: Resource) -> dict[str, Any]:
    return resource.show()


def reads(table: RouteTable, kind: str, show: Show = _shown) -> None:
    """Enter GET of one resource, and ARM's lists: by parent for nested types, else by group and by subscription."""
    path = path_of(kind)

    @table.route("GET", path)
    async def get(cloud: Cloud, call: Call) -> Answer:
        return Answer(200, show(cloud, cloud.store.get(call.id)))

    lists(table, kind, show)


def lists(table: RouteTable, kind: str, show: Show = _shown) -> None:
    """Enter the lists alone."""
    collection = path_of(kind).rsplit("/", 1)[0]

    async def listed(cloud: Cloud, call: Call) -> Answer:
        within = call.id
        return Answer(200, {"value": [show(cloud, found) for found in cloud.store.list(kind=kind, within=within)]})

    table.route("GET", collection)(listed)
    if kind.count("/") == 1:
        table.route("GET", f"{SUBSCRIPTION}/providers/{kind}")(listed)


def stage(cloud: Cloud, call: Call, kind: str, doc: dict[str, Any]) -> tuple[Resource, bool]:
    """Save a PUT's document as not yet provisioned; keep what was private. Say whether the resource is new."""
    old = cloud.store.find(call.id)
    if "location" in doc:
        doc["location"] = regions.normal(doc["location"])
        if old is not None and old.doc["location"] != doc["location"]:
            message = (
                f"The resource '{old.name}' already exists in location '{old.doc['location']}'. A resource with the "
                f"same name cannot be created in location '{doc['location']}'."
            )
            raise ArmError(409, "InvalidResourceLocation", message)
    doc.setdefault("properties", {})["provisioningState"] = (
        "Updating" if old else _NEW.get(kind.partition("/")[0], "Creating")
    )
    resource = old or Resource(call.id, kind, doc)
    resource.doc = doc  # the same object: works under way hold it
    cloud.store.save(resource)
    return resource, old is None


def put(cloud: Cloud, call: Call, kind: str, doc: dict[str, Any], *, work: str, new: int = 201) -> Answer:
    """Accept a PUT that goes on in the background; `new` is the status for a new resource (201 or 202)."""
    resource, created = stage(cloud, call, kind, doc)
    operation = cloud.operations.begin(work, resource.id, failure=call.failure)
    return put_answer(cloud, call, resource, operation, status=new if created else 200)


def put_answer(cloud: Cloud, call: Call, resource: Resource, operation: Operation, *, status: int) -> Answer:
    """Answer a PUT with the document; 202 also carries a Location, as ARM asks of it."""
    headers = lro.headers(cloud, call, operation, location=status == 202)  # noqa: PLR2004  # HTTP's Accepted
    return Answer(status, resource.show(), headers)


def action(
    cloud: Cloud, call: Call, kind: str, *, result: str = "nothing", args: dict[str, Any] | None = None
) -> Answer:
    """Accept a POST on an existing resource whose effect happens in the background."""
    operation = cloud.operations.begin(
        kind, cloud.store.get(call.id).id, result=result, args=args, failure=call.failure
    )
    return lro.accepted(cloud, call, operation)


async def settle(_cloud: Cloud, _operation: Operation) -> None:
    """Do the work of a PUT that has nothing behind it: the operation itself settles the provisioning state."""


def deletes(
    table: RouteTable, works: WorkTable, kind: str, *, work: str, remove: Remove, refuse: Check | None = None
) -> None:
    """Enter DELETE: 204 if absent, refused if in use, else 202 and removed in the background."""

    @table.route("DELETE", path_of(kind))
    async def delete(cloud: Cloud, call: Call) -> Answer:
        resource = cloud.store.find(call.id)
        if resource is None:
            return Answer(204)
        if refuse is not None:
            refuse(cloud, resource)
        resource.properties["provisioningState"] = "Deleting"
        cloud.store.save(resource)
        operation = cloud.operations.begin(work, resource.id, result="deleted", preempts=True, failure=call.failure)
        return lro.accepted(cloud, call, operation)

    async def removed(cloud: Cloud, operation: Operation) -> None:
        resource = cloud.store.find(operation.target)
        if resource is not None:
            await remove(cloud, resource)

    works.work(work)(removed)
