"""The host's own API: the extensions' keys, and functions called by hand.

It owns the two routes that are needed of it ("Manually run a non HTTP-triggered function", "Key management API"),
for loopback clients with the master key; it must not know how a function is called.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
from typing import TYPE_CHECKING, Any

from aiohttp import web

from devkit.host.keys import MASTER, SYSTEM, Keys

if TYPE_CHECKING:
    from devkit.host.app import App
    from devkit.host.event_grid_triggers import EventGridTriggers
    from devkit.host.keys import Handler
    from devkit.host.timer_triggers import TimerTriggers

log = logging.getLogger(__name__)


class AdminApi:
    """Handlers below /admin."""

    def __init__(self, app: App, timers: TimerTriggers, events: EventGridTriggers, keys: Keys) -> None:
        self._app = app
        self._timers = timers
        self._events = events
        self._keys = keys
        self._calls: set[asyncio.Future[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/admin/host/systemkeys/{name}", self._guarded(self._system_key)),
            web.post("/admin/functions/{name}", self._guarded(self._run)),
        ]

    async def _system_key(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in SYSTEM:
            return web.Response(status=404)
        return web.json_response({"name": name, "value": self._keys[name]})

    async def _run(self, request: web.Request) -> web.Response:
        """Call a timer or Event Grid function, and answer before it has ended; `input` is the event as JSON text."""
        name = request.match_info["name"]
        body = await request.text()
        try:
            given: Any = json.loads(body).get("input") if body else None
            event = json.loads(given) if name in self._app.event_grid else None
        except (ValueError, TypeError, AttributeError):
            return web.Response(status=400)
        if self._timers.has(name):
            self._timers.fire(name)
        elif name in self._app.event_grid:
            self._call(name, event)
        else:
            return web.Response(status=404)
        return web.Response(status=202)

    def _call(self, name: str, event: Any) -> None:
        call = asyncio.ensure_future(self._events.call(self._app.event_grid[name], event))
        self._calls.add(call)
        call.add_done_callback(self._forget)

    def _forget(self, call: asyncio.Future[None]) -> None:
        self._calls.discard(call)
        if not call.cancelled() and call.exception() is not None:
            log.info("the function that was called by hand has failed")

    def _guarded(self, handler: Handler) -> Handler:
        with_key = self._keys.guarded(MASTER, handler)

        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.remote is None or not ipaddress.ip_address(request.remote).is_loopback:
                return web.Response(status=401)
            return await with_key(request)

        return guarded
