"""The data plane: `POST {endpoint}?api-version=2018-01-01` with events, at a topic's endpoint.

It owns authentication, limits and the form of refusals ("Post event to custom topic", "Authenticate publishing clients
with Microsoft Entra ID"); it must not know what becomes of an event.
"""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from devkit.azure import clock
from devkit.azure.eventgrid.events import CLOUD_EVENTS, Malformed, read
from devkit.azure.eventgrid.topics import find_topic
from devkit.azure.gateway import Gateway

if TYPE_CHECKING:
    from devkit.azure.faults import Fault
    from devkit.azure.store import Resource

PATH = "/eventgrid/{region}/{topic}/api/events"
API_VERSION = "2018-01-01"
AUDIENCE = "https://eventgrid.azure.net"
_LARGEST = 1024 * 1024  # bytes, of an array and of an event
_MOST_EVENTS = 5000
_CONTENT_TYPES = {"application/cloudevents+json", "application/cloudevents-batch+json"}


class Refused(Exception):
    """A refusal in the data plane's form: its code is the name of the HTTP status."""

    def __init__(self, status: int, code: str, detail: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {"code": code, "message": message, "details": [{"code": detail, "message": message}]},
        }


@dataclass(frozen=True)
class Publishing(Gateway):
    """The handler of topics' endpoints; the request log, fault rules and the observer are the gateway's."""

    async def _answer(self, request: web.BaseRequest, path: str, fault: Fault | None) -> web.Response:
        try:
            await self._publish(request, path, fault)
        except Refused as refusal:
            headers = fault.headers() if fault is not None else {}
            return web.json_response(refusal.body, status=refusal.status, headers=headers)
        return web.Response(status=200)

    async def _publish(self, request: web.BaseRequest, path: str, fault: Fault | None) -> None:
        if fault is not None and "status" in fault.rule:
            error = fault.error()
            raise Refused(fault.rule["status"], error["code"], error["code"], error["message"])
        _, _, region, name, *_ = path.split("/")
        topic = find_topic(self.cloud.store, region, name)
        if topic is None or topic.properties["provisioningState"] not in {"Succeeded", "Updating"}:
            raise Refused(404, "NotFound", "TopicNotFound", f"There is no topic '{name}' in '{region}'.")
        if request.query.get("api-version") != API_VERSION:
            message = f"The api-version of publishing is {API_VERSION}, not {request.query.get('api-version')}."
            raise Refused(400, "BadRequest", "InvalidApiVersion", message)
        _authenticate(request, topic)
        body = await request.read()
        if len(body) > _LARGEST:
            message = f"The maximum size ({_LARGEST} bytes) of a request has been exceeded: {len(body)} bytes."
            raise Refused(413, "RequestEntityTooLarge", "RequestEntityTooLarge", message)
        schema = topic.properties["inputSchema"]
        try:
            _check_content_type(schema, request.content_type)
            events = read(schema, body, topic=topic.id)
        except Malformed as error:
            raise Refused(400, "BadRequest", "InputJsonInvalid", str(error)) from error
        if len(events) > _MOST_EVENTS:
            message = f"A request has at most {_MOST_EVENTS} events, not {len(events)}."
            raise Refused(400, "BadRequest", "TooManyEvents", message)
        self.cloud.events.publish(topic.id, events)


def _check_content_type(schema: str, content_type: str) -> None:
    """Refuse the media type of the other schema: by it the service tells the modes of CloudEvents apart."""
    fits = content_type in _CONTENT_TYPES if schema == CLOUD_EVENTS else content_type == "application/json"
    if not fits:
        raise Malformed(f"The content type '{content_type}' does not fit the topic's input schema '{schema}'.")


def _authenticate(request: web.BaseRequest, topic: Resource) -> None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        _check_token(token)
        return
    key = request.headers.get("aeg-sas-key")
    if key is None:
        message = "Request must contain one of the following authorization signature: aeg-sas-token, aeg-sas-key."
        raise _unauthorized(message)
    if topic.properties["disableLocalAuth"]:
        raise _unauthorized("Local authentication is disabled on the topic: only Microsoft Entra ID tokens are taken.")
    if not any(hmac.compare_digest(key, own) for own in topic.private["keys"]):
        raise _unauthorized(f"The request authorization key is not authorized for {topic.name}.")


def _check_token(token: str) -> None:
    """Check a token's audience and expiry; like everything here, not its signature."""
    claims = _claims(token)
    if str(claims.get("aud", "")).rstrip("/") != AUDIENCE:
        raise _unauthorized(f"The token's audience is not {AUDIENCE}.")
    if float(claims.get("exp", 0)) <= clock.now():
        raise _unauthorized("The token has expired.")


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError) as error:
        raise _unauthorized("The token is not a JSON Web Token.") from error
    if not isinstance(claims, dict):
        raise _unauthorized("The token is not a JSON Web Token.")
    return claims


def _unauthorized(message: str) -> Refused:
    return Refused(401, "Unauthorized", "Unauthorized", message)
