"""The HTTP side of long-running operations: first answers, status URLs and what these answer.

It owns headers, URLs and status codes (ARM's "Track asynchronous Azure operations"); it must not know any service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure import clock
from devkit.azure.errors import ArmError
from devkit.azure.routing import SUBSCRIPTION, Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.operations import Operation

table = RouteTable()


def headers(cloud: Cloud, call: Call, operation: Operation, *, location: bool) -> dict[str, str]:
    """Build the headers that tell a client where to poll; Location only where the operation has one."""
    parts = operation.target.strip("/").split("/")
    found = {"Retry-After": f"{cloud.latency.retry_after:g}"}
    if "providers" not in parts:  # a resource group: Resource Manager itself answers, with Location alone
        return found | {"Location": call.url(f"/subscriptions/{parts[1]}/operationresults/{operation.id}")}
    resource = cloud.store.find(operation.target)
    where = resource.doc.get("location") if resource else None
    base = f"/subscriptions/{parts[1]}/providers/{parts[5]}/locations/{where or 'westeurope'}"
    found["Azure-AsyncOperation"] = call.url(f"{base}/operations/{operation.id}")
    if location:
        found["Location"] = call.url(f"{base}/operationResults/{operation.id}")
    return found


def location_only(cloud: Cloud, call: Call, operation: Operation) -> dict[str, str]:
    """Build the headers of services that know Location alone, such as Microsoft.Storage."""
    found = headers(cloud, call, operation, location=True)
    found.pop("Azure-AsyncOperation", None)
    return found


def accepted(cloud: Cloud, call: Call, operation: Operation) -> Answer:
    """Answer a POST or DELETE that goes on in the background: 202, no body, both URLs."""
    return Answer(202, None, headers(cloud, call, operation, location=True))


@table.route("GET", SUBSCRIPTION + "/providers/{namespace}/locations/{location}/operations/{operation}")
async def operation_status(cloud: Cloud, call: Call) -> Answer:
    """Answer an Azure-AsyncOperation URL: always 200, the status in the body."""
    operation = cloud.operations.get(call.params["operation"])
    body: dict[str, Any] = {
        "id": call.path,
        "name": operation.id,
        "status": operation.status,
        "startTime": clock.iso(operation.started),
    }
    if operation.ended is not None:
        body["endTime"] = clock.iso(operation.ended)
    if operation.error is not None:
        body["error"] = operation.error
    if operation.output is not None:
        body["properties"] = {"output": operation.output}
    return Answer(200, body, _retry_after(cloud, operation))


@table.route("GET", SUBSCRIPTION + "/operationresults/{operation}")
@table.route("GET", SUBSCRIPTION + "/providers/{namespace}/locations/{location}/operationResults/{operation}")
async def operation_result(cloud: Cloud, call: Call) -> Answer:
    """Answer a Location URL: 202 while it goes on, then the result or the error itself."""
    operation = cloud.operations.get(call.params["operation"])
    if operation.running:
        return Answer(202, None, {"Location": call.url(call.path), **_retry_after(cloud, operation)})
    if operation.error is not None:
        error = operation.error
        raise ArmError(operation.error_status, error["code"], error["message"], details=error.get("details"))
    match operation.result:
        case "resource":
            return Answer(200, cloud.store.get(operation.target).show())
        case "output":
            return Answer(200, operation.output)
        case "deleted":
            return Answer(204)
        case _:
            return Answer(200)


def _retry_after(cloud: Cloud, operation: Operation) -> dict[str, str]:
    return {"Retry-After": f"{cloud.latency.retry_after:g}"} if operation.running else {}
