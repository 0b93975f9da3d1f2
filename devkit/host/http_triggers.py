"""HTTP triggers: an HTTP request in, the function's response out.

It owns the translation between aiohttp and azure.functions; it must not know of orchestrations. Auth levels are not
enforced, as under `func start`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from aiohttp import web
from azure.functions.meta import Datum

from devkit.host import sdk
from devkit.host.http_response import response
from devkit.host.invocation import arguments
from devkit.host.paths import PathError, decoded, escaped
from devkit.host.routes import Route, Router, compile_route

if TYPE_CHECKING:
    from collections.abc import Callable

    from multidict import MultiMapping

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
        if not all(_is_text(value) for value in request.headers.values()):
            return web.Response(status=400)
        found = self._router.match(request.method, path)
        if found is None:
            log.info("no function serves %s %s", request.method, path)
            return web.Response(status=404)
        function, parameters = found
        target = f"{escaped(path)}?{query}" if query else escaped(path)
        datum = _datum(request, target, parameters, await _body(request))
        given = arguments(function, sdk.decode_http_request(datum), self._client_json)
        try:
            value = await asyncio.wrap_future(self._worker.submit(function.code, given))
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


async def _body(request: web.Request) -> bytes:
    """Return the body as the host hands it on: nothing of one that comes without a Content-Length, as chunks do.

    That is how `GrpcMessageConversionExtensions.ToRpcHttp` asks; azure-functions-host issue 7930, open, says so too.
    """
    if not request.content_length:
        return b""
    return await request.read()


def _datum(request: web.Request, target: str, parameters: dict[str, str], body: bytes) -> Datum:
    fields = {
        "method": Datum(request.method, "string"),
        "url": Datum(f"{request.scheme}://{request.host}{target}", "string"),
        "headers": {name: value for name, value in _joined(request.headers).items() if not _is_front_ends(name)},
        "query": _joined(request.query),
        "params": {name: Datum(value, "string") for name, value in parameters.items()},
        "body": Datum(body, "bytes"),
    }
    return Datum(fields, "http")


def _is_front_ends(name: str) -> bool:
    """Tell the headers in which App Service says who has signed in.

    "External requests aren't allowed to set these headers" ("Work with user identities in Azure App Service
    authentication"): it takes them off what comes in. Nothing stands before this host that would.
    """
    return name.lower().startswith(("x-ms-client-principal", "x-ms-token-"))


def _joined(pairs: MultiMapping[str]) -> dict[str, Datum]:
    """Join repeated names with commas, as .NET's StringValues does on the way to the worker."""
    return {name: Datum(",".join(pairs.getall(name)), "string") for name in pairs}


def _is_text(value: str) -> bool:
    """Whether a header came as UTF-8, as Kestrel wants it (`HttpUtilities`); aiohttp has other bytes as surrogates."""
    return not any("\udc80" <= letter <= "\udcff" for letter in value)
