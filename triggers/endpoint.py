"""Registration of handlers as Azure Functions client functions, and the treatment that all requests share.

It owns correlation ids, and the answers to Kiln's own faults; it knows no handler.
"""

import logging
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from kiln.access import audit
from kiln.access.gate import Gate
from triggers.admission import Admission
from triggers.handler import Endpoint, Handler
from triggers.orchestrations import DurableOrchestrations
from triggers.reply import failure

PROVIDER_ROUTE = "subscriptions/{subscription}/providers/Microsoft.VirtualMachineImages"
GROUP_ROUTE = (
    "subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.VirtualMachineImages/imageTemplates"
)
TEMPLATE_ROUTE = f"{GROUP_ROUTE}/{{name}}"

HANDLERS: dict[str, dict[str, Endpoint]] = {}
"""The endpoints of each route by method, but for those of paths that nothing serves."""

log = logging.getLogger("kiln.api")
_ID = re.compile(r"[A-Za-z0-9._:/+=|{}-]{1,128}")


def endpoint(
    blueprint: df.Blueprint, method: str, route: str, action: str, *, partly: bool = False, signed: bool = False
) -> Callable[[Handler], Handler]:
    """Register a handler as the function `http_<its name>` for one method and route; the rest is `Endpoint`'s."""

    def register(handler: Handler) -> Handler:
        served = Endpoint(handler, action, partly=partly, signed=signed)
        HANDLERS.setdefault(route, {})[method] = served
        return _serve(blueprint, f"http_{handler.__name__}", (method,), route, served)

    return register


def serve_all(
    blueprint: df.Blueprint, methods: tuple[str, ...], route: str, action: str
) -> Callable[[Handler], Handler]:
    """Register a handler as the function `otherwise_<its name>` for several methods of a route that others share.

    The host tries routes in the order of the functions' names (azure-functions-host `FunctionMetadataManager`, without
    regard to case), and the first match counts: this name comes after every `http_` one. Whoever may do `action`
    anywhere may call it, since such a handler reveals nothing about what exists.
    """

    def register(handler: Handler) -> Handler:
        served = Endpoint(handler, action, partly=True)
        return _serve(blueprint, f"otherwise_{handler.__name__}", methods, route, served)

    return register


def _serve(blueprint: df.Blueprint, name: str, methods: tuple[str, ...], route: str, served: Endpoint) -> Handler:
    handler = served.handler

    async def serve(req: func.HttpRequest, client: Any) -> func.HttpResponse:
        return await answer(served, req, client)

    serve.__name__ = name
    serve.__doc__ = handler.__doc__
    builder = blueprint.durable_client_input(client_name="client")(serve)
    builder = blueprint.route(route=route, methods=list(methods))(builder)
    blueprint.function_name(name)(builder)
    return handler


async def answer(
    served: Endpoint, request: func.HttpRequest, client: df.DurableOrchestrationClient, at: Gate | None = None
) -> func.HttpResponse:
    """Return the endpoint's answer, or the error that it ended in, with the ids by which the request is found again.

    `at` is the gate that callers come through, by default the one that the app's settings make.
    """
    ids = trace_ids(request.headers, str(uuid.uuid4()))
    admission = Admission(served, request, DurableOrchestrations(client), at)
    try:
        reply = await admission.answer()
    except Exception:
        correlation = ids["x-ms-correlation-request-id"]
        log.exception("%s %s failed, correlation id %s", request.method, request.url, correlation)
        reply = failure(correlation)
    if admission.changes_something:
        audit.write(admission.audit_entry(reply, ids["x-ms-correlation-request-id"]))
    return reply.response(ids)


def _id(text: str | None) -> str | None:
    return text if text and _ID.fullmatch(text) else None


def trace_ids(headers: Mapping[str, str], request_id: str) -> dict[str, str]:
    """Return Resource Manager's trace headers: this request's own id, and the client's ids as it sent them.

    They are put into headers and logs, so a text that is not an id is left out.
    """
    ids = {
        "x-ms-request-id": request_id,
        "x-ms-correlation-request-id": _id(headers.get("x-ms-correlation-request-id")) or request_id,
    }
    if client_id := _id(headers.get("x-ms-client-request-id")):
        ids["x-ms-client-request-id"] = client_id
    return ids
