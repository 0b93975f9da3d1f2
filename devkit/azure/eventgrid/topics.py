"""Custom topics: made, changed, their keys, and the endpoint that events are published to.

It owns the topic's document; it must not know how an event is published or delivered.
"""

from __future__ import annotations

import base64
import re
import secrets
import uuid
from typing import TYPE_CHECKING, Any

from devkit.azure import crud
from devkit.azure.cloud_ids import TENANT_ID
from devkit.azure.errors import ArmError, invalid
from devkit.azure.eventgrid.events import EVENT_GRID
from devkit.azure.eventgrid.shapes import TOPIC, TOPIC_UPDATE
from devkit.azure.identity import identities
from devkit.azure.operations import WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource, Store

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.EventGrid/topics"
PATH = crud.path_of(TYPE)
_LONGEST_NAME = 50
works.work("topic.put")(crud.settle)


@table.route("PUT", PATH, body=TOPIC)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create or replace a topic; the answer is 201 for both, as in the specification."""
    check_name(call, _LONGEST_NAME)
    old = cloud.store.find(call.id)
    doc: dict[str, Any] = call.body
    given = doc.get("properties", {})
    schema = given.get("inputSchema", EVENT_GRID)
    if old is not None and old.properties["inputSchema"] != schema:
        raise invalid("The input schema of a topic cannot be changed.", "properties.inputSchema")
    doc["properties"] = {
        "publicNetworkAccess": "Enabled",
        "disableLocalAuth": False,
        **given,
        "inputSchema": schema,
        "metricResourceId": old.properties["metricResourceId"] if old else str(uuid.uuid4()),
    }
    complete_identity(cloud.store, doc, old)
    resource, created = crud.stage(cloud, call, TYPE, doc)
    resource.properties["endpoint"] = _endpoint(cloud, call, resource)
    if created:
        resource.private["keys"] = [base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2)]
    cloud.store.save(resource)
    operation = cloud.operations.begin("topic.put", resource.id, failure=call.failure)
    return crud.put_answer(cloud, call, resource, operation, status=201)


def check_name(call: Call, longest: int) -> None:
    """Refuse a name ("Naming rules and restrictions for Azure resources", Microsoft.EventGrid)."""
    name = call.id.rsplit("/", 1)[-1]
    if not re.fullmatch(rf"[A-Za-z0-9-]{{3,{longest}}}", name):
        raise invalid(f"The name '{name}' is invalid: 3 to {longest} letters, digits and hyphens.", "name")


def _endpoint(cloud: Cloud, call: Call, resource: Resource) -> str:
    """Write the endpoint: a path instead of the host name <topic>.<region>-1.eventgrid.azure.net, as unique as that."""
    region = resource.doc["location"]
    for other in cloud.store.list(kind=TYPE):
        same = (other.name.lower(), other.doc["location"]) == (resource.name.lower(), region)
        if same and other.key != resource.key:
            cloud.store.delete(resource)
            raise ArmError(409, "Conflict", f"The topic name '{resource.name}' is already in use in '{region}'.")
    return f"{call.origin}/eventgrid/{region}/{resource.name}/api/events"


def find_topic(store: Store, region: str, name: str) -> Resource | None:
    """Find the topic behind an endpoint's path."""
    wanted = (name.lower(), region.lower())
    return next((item for item in store.list(kind=TYPE) if (item.name.lower(), item.doc["location"]) == wanted), None)


def complete_identity(store: Store, doc: dict[str, Any], old: Resource | None) -> None:
    """Fill in the ids of a topic's identities. Raises ArmError (404) for one that does not exist."""
    identity = doc.get("identity")
    if identity is None:
        return
    if "SystemAssigned" in identity.get("type", "None"):
        before = (old.doc.get("identity") or {}) if old else {}
        identity["principalId"] = before.get("principalId") or str(uuid.uuid4())
        identity["tenantId"] = TENANT_ID
    assigned = {}
    for name in identity.get("userAssignedIdentities", {}):
        found = store.get(name)
        if found.type != identities.TYPE:
            raise invalid(f"'{name}' is no user-assigned identity.", "identity.userAssignedIdentities")
        assigned[found.id] = {key: found.properties[key] for key in ("principalId", "clientId")}
    if assigned:
        identity["userAssignedIdentities"] = assigned


@table.route("PATCH", PATH, body=TOPIC_UPDATE)
async def update(cloud: Cloud, call: Call) -> Answer:
    """Change tags, identity or access, at once."""
    resource = cloud.store.get(call.id)
    complete_identity(cloud.store, call.body, resource)
    resource.properties.update(call.body.pop("properties", {}))
    resource.doc.update(call.body)
    cloud.store.save(resource)
    return Answer(200, resource.show())


@table.route("POST", PATH + "/listKeys", action=True)
async def list_keys(cloud: Cloud, call: Call) -> Answer:
    """Show both keys; with `disableLocalAuth` they exist as well, but nothing can be published with them."""
    keys = cloud.store.get(call.id).private["keys"]
    return Answer(200, {"key1": keys[0], "key2": keys[1]})


async def remove(cloud: Cloud, resource: Resource) -> None:
    """Delete a topic with its event subscriptions."""
    for child in cloud.store.list(within=resource.id):
        cloud.store.delete(child)
    cloud.store.delete(resource)


crud.reads(table, TYPE)
crud.deletes(table, works, TYPE, work="topic.delete", remove=remove)
