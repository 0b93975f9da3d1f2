"""The host as one object: app, worker, engine and HTTP server, started and stopped in the right order.

It owns their wiring and lifetimes; it must not know the command line.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from devkit.host import event_grid_triggers, keys
from devkit.host.admin_api import AdminApi
from devkit.host.app import load_app
from devkit.host.clock import Clock, SystemClock
from devkit.host.durable_api import DurableApi
from devkit.host.durable_payloads import RPC_PATH, WEBHOOK_PATH, client_binding
from devkit.host.engine import DEFAULT_CONCURRENCY, Engine
from devkit.host.event_grid_triggers import EventGridTriggers
from devkit.host.front_end import RESPONSE_SECONDS, front_end
from devkit.host.http_triggers import HttpTriggers
from devkit.host.invocation import function_table
from devkit.host.store import Store
from devkit.host.timer_triggers import TimerTriggers
from devkit.host.worker import Worker
from devkit.listener import Listener

if TYPE_CHECKING:
    import ssl
    from datetime import timedelta
    from pathlib import Path

# The Functions host's own limit for request bodies is 100 MB ("Azure Functions HTTP trigger", limits).
_LARGEST_BODY = 100 * 1024 * 1024


# How long requests under way may take, in seconds, once the host stops.
_REQUEST_GRACE = 2.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits: of the front end's wait for a response, and of a function's call (None: by host.json)."""

    response_seconds: float = RESPONSE_SECONDS
    function: timedelta | None = None


class Host:
    """Serves one app from `start` to `stop`, on one port over http and, with `tls`, https.

    `address` is set once it is ready: with `tls`, the https one.
    """

    def __init__(
        self,
        app_directory: Path,
        database: Path | str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        self._host = host
        self._tls = tls
        self._port = port
        self.address = ""
        self._app = load_app(app_directory)
        settings = self._app.settings
        self._worker = Worker(limit=limits.function or settings.function_timeout)
        self._store = Store(database)
        self.keys = keys.Keys(self._store)
        # On Azure durable clients ask on an address of the host that cannot be reached from outside. Here everybody is
        # inside: so the path is secret instead.
        self._rpc_path = f"{RPC_PATH}/{secrets.token_urlsafe()}"
        time = clock or SystemClock()
        self._timers = TimerTriggers(self._app, self._worker, self._store, time, self._client_json)
        self.engine = Engine(
            function_table(self._app, self._worker, self._client_json),
            self._store,
            time,
            max_activities=settings.max_activities or DEFAULT_CONCURRENCY,
            max_orchestrators=settings.max_orchestrators or DEFAULT_CONCURRENCY,
            versioning=settings.versioning,
        )
        self._front_end = front_end(self._host, response_seconds=limits.response_seconds)
        self._runner: web.AppRunner | None = None
        self._listener: Listener | None = None

    async def start(self) -> None:
        """Bind the port, then take up unfinished orchestrations and answer requests."""
        self._runner = web.AppRunner(self._web_app(), access_log=None, shutdown_timeout=_REQUEST_GRACE)
        await self._runner.setup()
        if self._runner.server is None:
            raise RuntimeError("aiohttp made no server")
        self._listener = Listener(self._runner.server, self._tls)
        self._port = await self._listener.start(self._host, self._port)
        self.address = f"{'http' if self._tls is None else 'https'}://{self._host}:{self._port}"
        self._worker.start()
        self.engine.start()
        self._timers.start()

    async def stop(self, grace_seconds: float = 5.0) -> bool:
        """Stop serving and running; return whether everything ended within `grace_seconds`.

        What did not end is redelivered at the next start; its threads cannot be stopped from outside.
        """
        if self._listener is not None:
            await self._listener.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._listener is not None:
            await self._listener.abort()
        ended = self._timers.stop(grace_seconds)
        ended = self.engine.stop(grace_seconds) and ended
        ended = self._worker.stop() and ended
        if ended:
            self._store.close()
        return ended

    def _client_json(self, binding: Any) -> str:
        rpc = f"http://{self._host}:{self._port}{self._rpc_path}"
        return client_binding(self.address, rpc, self._app.settings.hub_name, self.keys[keys.DURABLE], binding)

    def _web_app(self) -> web.Application:
        durable = DurableApi(self.engine, self._app.settings.hub_name, self.keys[keys.DURABLE])
        triggers = HttpTriggers(self._app, self._worker, self._client_json)
        events = EventGridTriggers(self._app, self._worker, self._client_json)
        application = web.Application(client_max_size=_LARGEST_BODY, middlewares=[self._front_end])
        for route in [*durable.routes(WEBHOOK_PATH), web.route("*", f"{WEBHOOK_PATH}/{{rest:.*}}", _unknown)]:
            application.router.add_route(route.method, route.path, self.keys.guarded(keys.DURABLE, route.handler))
        application.add_routes(durable.routes(self._rpc_path))
        application.router.add_route("*", f"{RPC_PATH}/{{rest:.*}}", _unknown)
        event_grid = self.keys.guarded(keys.EVENT_GRID, events.handle)
        application.router.add_route("*", event_grid_triggers.WEBHOOK_PATH, event_grid)
        application.add_routes(AdminApi(self._app, self._timers, events, self.keys).routes())
        application.router.add_route("*", "/{path:(?s:.*)}", triggers.handle)
        return application


async def _unknown(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=404)
