"""Event subscriptions of topics and system topics: checked, validated with their endpoint, changed, deleted.

It owns the subscription's document and its way to Succeeded; it must not know what is delivered when.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from devkit.azure import crud, ids
from devkit.azure.errors import ArmError
from devkit.azure.eventgrid import handshake, topics
from devkit.azure.eventgrid.destinations import base_url, url_of
from devkit.azure.eventgrid.hub import SUBSCRIPTIONS
from devkit.azure.eventgrid.shapes import SUBSCRIPTION, SUBSCRIPTION_UPDATE
from devkit.azure.eventgrid.subscription_rules import checked
from devkit.azure.operations import Operation, WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
_LONGEST_NAME = 64


async def put(cloud: Cloud, call: Call) -> Answer:
    """Create or replace a subscription; its endpoint is validated in the background ("at create and update")."""
    topics.check_name(call, _LONGEST_NAME)
    return _write(cloud, call, call.body["properties"])


async def update(cloud: Cloud, call: Call) -> Answer:
    """Change what the body names; an update validates the endpoint again."""
    old = cloud.store.get(call.id)
    merged = {**old.properties, **call.body}
    for plain, with_identity in (
        ("destination", "deliveryWithResourceIdentity"),
        ("deadLetterDestination", "deadLetterWithResourceIdentity"),
    ):
        for given, other in ((plain, with_identity), (with_identity, plain)):
            if given in call.body:
                merged.pop(other, None)
    destination = destination_of_properties(merged)
    if destination["endpointType"] == "WebHook" and "endpointUrl" not in destination["properties"]:
        destination["properties"] = {**destination["properties"], "endpointUrl": old.private["endpointUrl"]}
    for name in ("topic", "provisioningState"):
        merged.pop(name)
    return _write(cloud, call, merged)


def destination_of_properties(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the destination in a subscription's properties, copied first so that it can be changed."""
    wrapped = properties.get("deliveryWithResourceIdentity")
    owner = properties if wrapped is None else dict(wrapped)
    if wrapped is not None:
        properties["deliveryWithResourceIdentity"] = owner
    owner["destination"] = dict(owner["destination"])
    found: dict[str, Any] = owner["destination"]
    return found


def _write(cloud: Cloud, call: Call, given: dict[str, Any]) -> Answer:
    topic = cloud.store.get(ids.parent(call.id))
    properties = checked(cloud, topic, given)
    source = topic.id if topic.type == topics.TYPE else topic.properties["source"]
    destination = destination_of_properties(properties)
    url = destination["properties"].get("endpointUrl")
    if url is not None:  # secrets may be in the query: only `getFullUrl` shows it
        shown = {name: value for name, value in destination["properties"].items() if name != "endpointUrl"}
        destination["properties"] = {**shown, "endpointBaseUrl": base_url(url)}
    kind = f"{topic.type}/eventSubscriptions"
    resource, _ = crud.stage(cloud, call, kind, {"properties": {"topic": source, **properties}})
    token = secrets.token_urlsafe(24)
    resource.private = {"endpointUrl": url, "token": token, "callback": f"{call.origin}/eventgrid/validate/{token}"}
    cloud.store.save(resource)
    # Never joined: an update under way may have validated another endpoint.
    operation = cloud.operations.begin("eventSubscription.put", resource.id, failure=call.failure, joins=False)
    return crud.put_answer(cloud, call, resource, operation, status=201)


@works.work("eventSubscription.put")
async def validate(cloud: Cloud, operation: Operation) -> None:
    """Shake hands with the endpoint."""
    subscription = cloud.store.find(operation.target)
    if subscription is not None:
        await handshake.validate(cloud, subscription)


@table.route("GET", "/eventgrid/validate/{token}", anonymous=True)
async def validate_by_hand(cloud: Cloud, call: Call) -> Answer:
    """Validate a subscription by its validation URL, while that is valid."""
    for kind in SUBSCRIPTIONS:
        for subscription in cloud.store.list(kind=kind):
            if subscription.private.get("token") == call.params["token"]:
                handshake.accept_by_hand(cloud, subscription)
                return Answer(200, {"message": "Webhook successfully validated as a subscription endpoint."})
    raise ArmError(404, "NotFound", "The validation URL is unknown or has been replaced by a later one.")


async def get(cloud: Cloud, call: Call) -> Answer:
    """Show a subscription."""
    subscription = cloud.store.get(call.id)
    handshake.expire(cloud, subscription)
    return Answer(200, subscription.show())


async def full_url(cloud: Cloud, call: Call) -> Answer:
    """Show the whole URL of a subscription's endpoint."""
    return Answer(200, {"endpointUrl": url_of(cloud, cloud.store.get(call.id))})


async def remove(cloud: Cloud, resource: Resource) -> None:
    """Delete a subscription; what is still on its way to it is forgotten when it is due."""
    cloud.store.delete(resource)


for _kind in SUBSCRIPTIONS:
    _path = crud.path_of(_kind)
    table.route("PUT", _path, body=SUBSCRIPTION)(put)
    table.route("PATCH", _path, body=SUBSCRIPTION_UPDATE)(update)
    table.route("GET", _path)(get)
    table.route("POST", _path + "/getFullUrl", action=True)(full_url)
    crud.lists(table, _kind)
    crud.deletes(table, works, _kind, work=f"{_kind}.delete", remove=remove)
