"""Event Grid triggers: the webhook that Event Grid validates and posts to, one call of the function for each event.

It owns the answers of HttpRequestProcessor and EventGridExtensionConfigProvider in Azure/azure-sdk-for-net; it must
not know who sends.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

from aiohttp import web

from devkit.host import sdk
from devkit.host.event_dates import rewritten
from devkit.host.invocation import arguments, require_none
from devkit.host.time_limit import FunctionTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.host.app import App, ServedFunction
    from devkit.host.worker import Worker

log = logging.getLogger(__name__)

WEBHOOK_PATH = "/runtime/webhooks/{extension:(?i:eventgrid)}"
_ORIGIN = "eventgrid.azure.net"
_ORIGINS = {
    _ORIGIN,
    "eventgrid.azure.us",
    "eventgrid.azure.eaglex.ic.gov",
    "eventgrid.azure.microsoft.scloud",
    "eventgrid.azure.cn",
}


class EventGridTriggers:
    """Serves every Event Grid function of an app; requests come here when they have shown its key."""

    def __init__(self, app: App, worker: Worker, client_json: Callable[[Any], str]) -> None:
        self._functions = app.event_grid
        self._worker = worker
        self._client_json = client_json

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of whatever method, as the extension does."""
        name = request.query.get("functionName", "")
        function = self._functions.get(name)
        if function is None:
            return web.Response(status=404, text=f"cannot find function: '{name}'")
        if request.method == "OPTIONS":
            asked = request.headers.get("WebHook-Request-Origin", _ORIGIN)
            return web.Response(headers={"Webhook-Allowed-Origin": asked if asked in _ORIGINS else _ORIGIN})
        try:
            return await self._process(function, request.headers.get("aeg-event-type", "").lower(), request)
        except (ValueError, KeyError, IndexError, TypeError):  # .NET's parser and look-ups throw; the host answers so
            log.exception("the request to Event Grid function '%s' cannot be read", name)
            return web.Response(status=500)

    async def _process(self, function: ServedFunction, kind: str, request: web.Request) -> web.Response:
        if kind == "subscriptionvalidation":
            return web.json_response({"validationResponse": _validation_code(json.loads(await request.read()))})
        if kind == "notification":
            content = json.loads(await request.read())
            return await self._notify(function, content if isinstance(content, list) else [content])
        return web.Response(status=202 if kind == "unsubscribe" else 400)

    async def _notify(self, function: ServedFunction, events: list[Any]) -> web.Response:
        """Call the function for all events at once; one failure fails them all, and Event Grid sends all again."""
        results = await asyncio.gather(*(self.call(function, event) for event in events), return_exceptions=True)
        for result in results:
            if isinstance(result, FunctionTimeoutError):
                return web.Response(status=500, text=str(result))
            if isinstance(result, BaseException):  # FunctionInvocationException, which says no more
                return web.Response(status=500, text=f"Exception while executing function: Functions.{function.name}")
        return web.Response(status=202)

    async def call(self, function: ServedFunction, event: Any) -> None:
        """Call a function for one event; raises what it raises, RuntimeError if it returns anything."""
        value = sdk.decode_event(json.dumps(rewritten(event)))
        given = arguments(function, value, self._client_json)
        try:
            future = self._worker.submit(function.name, function.code, given)
            require_none(function, await asyncio.wrap_future(future))
        except Exception:
            log.exception("Event Grid function '%s' failed on event %s", function.name, event.get("id"))
            raise


def _validation_code(content: Any) -> str:
    """Find the code: in an array of one event, or in a CloudEvent, where the data is text."""
    if isinstance(content, list):
        return str(content[0]["data"]["validationCode"])
    data = content["data"]
    return str((json.loads(data) if isinstance(data, str) else data)["validationCode"])
