"""HTTP triggers: an HTTP request in, the function's response out.

It owns the translation between aiohttp and azure.functions; it must not know of orchestrations. Auth levels are not
enforced, as under `func start`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from aiohttp import web

from devkit.host import sdk
from devkit.host.http_request import is_read, request_datum
from devkit.host.http_response import response
from devkit.host.invocation import arguments
from devkit.host.paths import PathError, decoded
from devkit.host.routes import Route, Router, compile_route

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.host.app import App, ServedFunction
    from devkit.host.worker import Worker

log = logging.getLogger(__name__)


class HttpTriggers:
    """Serves every HTTP function of an app."""

    def __init__(self, app: App, worker: Worker, client_json: Callable[[Any], str]) -> None:
        self._worker = worker
        self._client_json = client_json
        self._router = Router(routes(app))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request; an empty 404 where no function has this path and method, a 500 where one raises."""
        raw, _, query = request.raw_path.partition("?")
        try:
            path = decoded(raw)
        except PathError:
            return web.Response(status=400)
        if not is_read(request, query):
            return web.Response(status=400)
        found = self._router.match(request.method, path)
        if found is None:
            log.info("no function serves %s %s", request.method, path)
            return web.Response(status=404)
        function, parameters = found
        datum = await request_datum(request, path, query, parameters)
        given = arguments(function, sdk.decode_http_request(datum), self._client_json)
        try:
            value = await asyncio.wrap_future(self._worker.submit(function.name, function.code, given))
            return response(value)
        except Exception:
            log.exception("function '%s' failed on %s %s", function.name, request.method, path)
            return web.Response(status=500)


def routes(app: App) -> list[Route[ServedFunction]]:
    """Return the route of each HTTP function. Raises RouteError where the host would serve none."""
    return [_route(app.settings.route_prefix, function) for function in app.http]


def _route(prefix: str, function: ServedFunction) -> Route[ServedFunction]:
    given = function.trigger.methods
    methods = None if given is None else [str(getattr(item, "value", item)) for item in given]
    return compile_route(function.name, function.trigger.route or function.name, methods, function, prefix)
