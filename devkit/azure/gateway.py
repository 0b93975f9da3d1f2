"""The way of a request: decode, look for faults, authorise, find the route, check scope and body, call the rule.

It owns everything HTTP that all of ARM shares; it must not know any service's rules.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aiohttp import web

from devkit.azure import ids, shapes, tag_rules
from devkit.azure.cloud_ids import SUBSCRIPTION_ID
from devkit.azure.errors import (
    ArmError,
    group_not_found,
    parent_not_found,
    subscription_not_found,
    unsupported,
)
from devkit.azure.rate_limits import RateLimits
from devkit.azure.routing import Answer, Call, Route, find
from devkit.browsers import refusal

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.faults import Fault

_LOG = logging.getLogger(__name__)
_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-(preview|alpha|beta|privatepreview))?", re.IGNORECASE)
CONTROL = "/_local/"
_MACHINES = "/providers/microsoft.compute/virtualmachines"
Observer = Callable[[str, str, bytes, int, Mapping[str, str], bytes], None]
"""A function of an exchange: method, path with query, body; the answer's status, headers, body; no request headers."""


@dataclass(frozen=True)
class Gateway:
    """The one HTTP handler of the local Azure."""

    cloud: Cloud
    observe: Observer
    limits: RateLimits = field(default_factory=RateLimits)
    own_name: str = "127.0.0.1"

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request; every failure becomes an error in ARM's form."""
        path = re.sub("/+", "/", request.path)
        why = refusal(request, self.own_name)
        if why is not None:
            error = ArmError(421, "MisdirectedRequest", why)
            return _response(request, Answer(error.status, {"error": error.body()}))
        if path.startswith(CONTROL):
            return await self._answer(request, path, None)
        began = time.monotonic()
        entry = self.cloud.requests.begin(request.method, path, request.query.get("api-version"))
        fault = self.cloud.faults.meet(request.method, path)
        if fault is not None and "delay" in fault.rule:
            await asyncio.sleep(fault.rule["delay"])
        if fault is not None and fault.rule.get("blocked"):
            await fault.withdrawn.wait()
        if fault is not None and fault.rule.get("drop") == "before":
            return _drop(request)
        raw = fault.raw() if fault is not None else None
        if raw is not None:
            entry.status, text, headers = raw
            return web.Response(status=entry.status, text=text, headers=headers)
        response = await self._answer(request, path, fault)
        response.headers.update(self.limits.headers(request.method, path, response.status))
        entry.milliseconds = round((time.monotonic() - began) * 1000, 1)
        if fault is not None and fault.rule.get("drop") == "after":
            return _drop(request)
        if fault is not None and "hold" in fault.rule:
            await asyncio.sleep(fault.rule["hold"])
        entry.status = response.status
        sent, answered = await request.read(), (response.text or "").encode()
        self.observe(request.method, request.path_qs, sent, response.status, response.headers, answered)
        if fault is not None and "truncate" in fault.rule:
            response.body = fault.cut(answered)
        return response

    async def _answer(self, request: web.BaseRequest, path: str, fault: Fault | None) -> web.Response:
        try:
            answer = await self._dispatch(request, path, fault)
        except ArmError as error:
            answer = Answer(error.status, {"error": error.body()}, error.headers)
        except Exception:  # noqa: BLE001  # the server is the boundary: a client must get an ARM error whatever broke
            _LOG.exception("%s %s broke", request.method, path)
            answer = Answer(500, {"error": {"code": "InternalServerError", "message": "The local Azure broke."}})
        return _response(request, answer)

    async def _dispatch(self, request: web.BaseRequest, path: str, fault: Fault | None) -> Answer:
        if fault is not None and "status" in fault.rule:
            error = fault.error()
            details = error.get("details")
            raise ArmError(
                fault.rule["status"], error["code"], error["message"], details=details, headers=fault.headers()
            )
        found = find(self.cloud.services.routes, request.method, path)
        if found is None:
            raise unsupported(f"{request.method} {path}")
        route, params = found
        if not route.anonymous:
            _authorise(request)
            _check_api_version(request.query.get("api-version"))
        elif path.startswith(CONTROL) and not _is_loopback(request.remote):
            raise ArmError(403, "AuthorizationFailed", "The control plane answers on the loopback interface alone.")
        resource_id = self._check_scope(route, params, request.method)
        body = await _decode(request)
        if route.body is not None:
            body = shapes.check(route.body, body)
            tag_rules.check(path, body)
        call = Call(
            method=request.method,
            path=path,
            id=resource_id,
            params=params,
            query=dict(request.query),
            body=body,
            origin=_origin(request),
            api_version=request.query.get("api-version", ""),
            fault=fault,
        )
        self._check_preconditions(request, call)
        return await route.handler(self.cloud, call)

    def _check_scope(self, route: Route, params: dict[str, str], method: str) -> str:
        """Refuse paths through what does not exist; return the id with the group's stored case."""
        if params.get("subscription", SUBSCRIPTION_ID) != SUBSCRIPTION_ID:
            raise subscription_not_found(params["subscription"])
        resource_id = route.resource_id(params)
        if "group" not in params or "providers" not in route.segments:
            return resource_id
        group = self.cloud.store.find(ids.group_id(resource_id))
        if group is None:
            raise group_not_found(params["group"])
        if method == "PUT" and group.properties.get("provisioningState") == "Deleting":
            message = f"The resource group '{group.name}' is in deprovisioning state and cannot perform this operation."
            raise ArmError(409, "ResourceGroupBeingDeleted", message)
        params["group"] = group.name
        resource_id = route.resource_id(params)
        above = route.above(params)
        if method in {"PUT", "GET"} and above is not None and self.cloud.store.find(above) is None:
            raise parent_not_found(above.rsplit("/", 1)[-1])
        return resource_id

    def _check_preconditions(self, request: web.BaseRequest, call: Call) -> None:
        """Refuse conditions that Azure documents nowhere: it would go on as if they were met.

        Of the resources here virtual machines alone have them (ComputeRP/2024-07-01/virtualMachine.json, create and
        update); If-Match is not modelled.
        """
        named = sorted({"If-Match", "If-None-Match"} & set(request.headers))
        creates = call.method == "PUT" and call.id.lower().rpartition("/")[0].endswith(_MACHINES)
        if named and call.path.startswith("/subscriptions/") and not (creates and named == ["If-None-Match"]):
            raise unsupported(f"{' and '.join(named)} on {call.method} {call.path}")
        if call.method != "PUT":
            return
        existing = self.cloud.store.find(call.id)
        if "If-None-Match" in named:
            if request.headers["If-None-Match"] != "*":
                raise ArmError(400, "InvalidParameter", "The value of If-None-Match has to be '*'.")
            if existing is not None:
                raise ArmError(412, "PreconditionFailed", f"The resource '{existing.id}' already exists.")
        if existing is not None and existing.properties.get("provisioningState") == "Deleting":
            raise ArmError(409, "Conflict", f"The resource '{existing.id}' is being deleted.")


def _authorise(request: web.BaseRequest) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        challenge = f'Bearer authorization_uri="{_origin(request)}/organizations", error="invalid_token"'
        message = "Authentication failed. The 'Authorization' header is missing."
        raise ArmError(401, "AuthenticationFailed", message, headers={"WWW-Authenticate": challenge})


def _check_api_version(version: str | None) -> None:
    if version is None:
        raise ArmError(400, "MissingApiVersionParameter",
                       "The api-version query parameter (?api-version=) is required for all requests.")  # fmt: skip
    if not _API_VERSION.fullmatch(version):
        raise ArmError(400, "InvalidApiVersionParameter", f"The api-version '{version}' is invalid.")


def _is_loopback(remote: str | None) -> bool:
    return remote is not None and ipaddress.ip_address(remote).is_loopback


def _origin(request: web.BaseRequest) -> str:
    scheme = request.headers.get("X-Forwarded-Proto", request.scheme)
    host = request.headers.get("X-Forwarded-Host", request.headers.get("Host", ""))
    return f"{scheme}://{host}"


async def _decode(request: web.BaseRequest) -> Any:
    """Decode a JSON or form body; an empty one is an empty object, as ARM takes it."""
    raw = await request.read()
    if not raw:
        return {}
    if request.content_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode()))
    try:
        return json.loads(raw)
    except ValueError as error:
        raise ArmError(400, "InvalidRequestContent", f"The request content is not valid JSON: {error}") from error


def _response(request: web.BaseRequest, answer: Answer) -> web.Response:
    headers = dict(answer.headers)
    if "x-ms-client-request-id" in request.headers:
        headers["x-ms-client-request-id"] = request.headers["x-ms-client-request-id"]
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    return web.json_response(answer.body, status=answer.status, headers=headers)


def _drop(request: web.BaseRequest) -> web.StreamResponse:
    """Cut the connection, so that the client sees no answer at all."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
