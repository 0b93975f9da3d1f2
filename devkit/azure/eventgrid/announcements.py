"""Events of Resource Manager itself: one for each write, delete and action, once it has ended.

It owns the events' form ("Azure subscription as an Event Grid source") and which request makes which; it must not know
any resource's rules.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from devkit.azure import clock, ids
from devkit.azure.cloud_ids import BUILDER_CLIENT_ID, BUILDER_PRINCIPAL_ID, TENANT_ID
from devkit.azure.errors import ArmError
from devkit.azure.eventgrid import system_topics
from devkit.azure.eventgrid.events import stamped

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.operations import Operation
    from devkit.azure.routing import Answer, Call, Route

_PENDING = "announcement"
_KINDS = {"PUT": "Write", "PATCH": "Write", "DELETE": "Delete", "POST": "Action"}
# How an operation ends -> the end of the event's type.
_ENDS = {"Succeeded": "Success", "Failed": "Failure", "Canceled": "Cancel"}
_OPERATION = re.compile(r"/operation(?:s|results)/([0-9a-f-]{36})", re.IGNORECASE)
_UNANSWERED = {404, 501}  # Resource Manager's own "not there" and "cannot"
_NO_CONTENT = 204
_GROUP = "Microsoft.Resources/subscriptions/resourceGroups"


def announcing(route: Route) -> Route:
    """Return the route with an event for the outcome of each request, if it is one that writes."""
    if route.method not in _KINDS or route.anonymous:
        return route
    steps = "/".join(part for part in route.segments[_last_name(route) + 1 :])

    async def handler(cloud: Cloud, call: Call) -> Answer:
        facts = _facts(cloud, call, steps)
        try:
            answer = await route.handler(cloud, call)
        except ArmError as refusal:
            if facts is not None and refusal.status not in _UNANSWERED:
                _announce(cloud, facts, "Failed")
            raise
        if facts is not None and not (call.method == "DELETE" and answer.status == _NO_CONTENT):
            _announce_answered(cloud, facts, answer)
        return answer

    return replace(route, handler=handler)


def _last_name(route: Route) -> int:
    return max((index for index, part in enumerate(route.segments) if part.startswith("{")), default=-1)


def _facts(cloud: Cloud, call: Call, steps: str) -> dict[str, Any] | None:
    """Gather the facts of a request for its event; None for a request that is about no resource."""
    try:
        kind = ids.parse(call.id).type or _GROUP
    except ArmError:
        return None
    action = {"PUT": "write", "PATCH": "write", "DELETE": "delete"}.get(call.method, f"{steps}/action")
    correlation = str(uuid.uuid4())
    facts: dict[str, Any] = {
        "kind": _KINDS[call.method],
        "resource": call.id,
        "operation": f"{kind}/{action}",
        "correlation": correlation,
    }
    # "This object is only included when updating an existing resource or deleting a resource."
    if call.method != "PUT" or cloud.store.find(call.id) is not None:
        facts["httpRequest"] = {
            "clientRequestId": correlation,
            "clientIpAddress": "127.0.0.1",
            "method": call.method,
            "url": call.url(call.path),
        }
    return facts


def _announce_answered(cloud: Cloud, facts: dict[str, Any], answer: Answer) -> None:
    """Announce at once, or when the operation behind the answer has ended."""
    for name in ("Azure-AsyncOperation", "Location"):
        found = _OPERATION.search(answer.headers.get(name, ""))
        if found is not None:
            operation = cloud.operations.get(found[1])
            cloud.store.record(_PENDING, operation.id, facts)
            if not operation.running:
                ended(cloud, operation)
            return
    _announce(cloud, facts, "Succeeded")


def ended(cloud: Cloud, operation: Operation) -> None:
    """Announce how an operation has ended, if a request's event waits for that."""
    for key, facts in cloud.store.records(_PENDING):
        if key == operation.id:
            cloud.store.forget(_PENDING, key)
            _announce(cloud, facts, operation.status)


def _announce(cloud: Cloud, facts: dict[str, Any], status: str) -> None:
    for topic in cloud.store.list(kind=system_topics.TYPE):
        source = topic.properties["source"]
        if (ids.key(facts["resource"]) + "/").startswith(ids.key(source) + "/"):
            cloud.events.publish(topic.id, [stamped(_document(facts, status), source)])


def _document(facts: dict[str, Any], status: str) -> dict[str, Any]:
    resource = facts["resource"]
    data = {
        "authorization": {"scope": resource, "action": facts["operation"], "evidence": {"role": "Contributor"}},
        "claims": {
            "aud": "https://management.azure.com/",
            "iss": f"https://sts.windows.net/{TENANT_ID}/",
            "appid": BUILDER_CLIENT_ID,
            "http://schemas.microsoft.com/identity/claims/objectidentifier": BUILDER_PRINCIPAL_ID,
            "http://schemas.microsoft.com/identity/claims/tenantid": TENANT_ID,
            "ver": "1.0",
        },
        "correlationId": facts["correlation"],
        "resourceProvider": facts["operation"].split("/")[0],
        "resourceUri": resource,
        "operationName": facts["operation"],
        "status": status,
        "subscriptionId": resource.split("/")[2],
        "tenantId": TENANT_ID,
    }
    if "httpRequest" in facts:
        data["httpRequest"] = facts["httpRequest"]
    return {
        "id": str(uuid.uuid4()),
        "subject": resource,
        "eventType": f"Microsoft.Resources.Resource{facts['kind']}{_ENDS[status]}",
        "eventTime": clock.iso(clock.now()),
        "dataVersion": "2",
        "data": data,
    }
