"""The host as one object: app, worker, engine and HTTP server, started and stopped in the right order.

It owns their wiring and lifetimes; it must not know the command line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from devkit.host import event_grid_triggers
from devkit.host.admin_api import AdminApi
from devkit.host.app import load_app
from devkit.host.clock import Clock, SystemClock
from devkit.host.durable_api import DurableApi
from devkit.host.durable_payloads import RPC_PATH, WEBHOOK_PATH, client_binding
from devkit.host.engine import DEFAULT_CONCURRENCY, Engine
from devkit.host.event_grid_triggers import EventGridTriggers
from devkit.host.http_triggers import HttpTriggers
from devkit.host.invocation import function_table
from devkit.host.store import Store
from devkit.host.timer_triggers import TimerTriggers
from devkit.host.worker import Worker

if TYPE_CHECKING:
    from pathlib import Path

# The Functions host's own limit for request bodies is 100 MB ("Azure Functions HTTP trigger", limits).
_LARGEST_BODY = 100 * 1024 * 1024


# How long requests under way may take, in seconds, once the host stops.
_REQUEST_GRACE = 2.0


class Host:
    """Serves one app from `start` to `stop`; `address` is set once it is ready."""

    def __init__(
        self,
        app_directory: Path,
        database: Path | str,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self.address = ""
        self._app = load_app(app_directory)
        settings = self._app.settings
        self._worker = Worker()
        self._store = Store(database)
        time = clock or SystemClock()
        self._timers = TimerTriggers(self._app, self._worker, self._store, time, self._client_json)
        self.engine = Engine(
            function_table(self._app, self._worker, self._client_json),
            self._store,
            time,
            max_activities=settings.max_activities or DEFAULT_CONCURRENCY,
            max_orchestrators=settings.max_orchestrators or DEFAULT_CONCURRENCY,
        )
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Bind the port, then take up unfinished orchestrations and answer requests."""
        self._runner = web.AppRunner(self._web_app(), access_log=None, shutdown_timeout=_REQUEST_GRACE)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"http://{host}:{port}"
        self._worker.start()
        self.engine.start()
        self._timers.start()

    async def stop(self, grace_seconds: float = 5.0) -> bool:
        """Stop serving and running; return whether everything ended within `grace_seconds`.

        What did not end is redelivered at the next start; its threads cannot be stopped from outside.
        """
        if self._runner is not None:
            await self._runner.cleanup()
        ended = self._timers.stop(grace_seconds)
        ended = self.engine.stop(grace_seconds) and ended
        self._worker.stop()
        if ended:
            self._store.close()
        return ended

    def _client_json(self, binding: Any) -> str:
        return client_binding(self.address, self._app.settings.hub_name, binding)

    def _web_app(self) -> web.Application:
        durable = DurableApi(self.engine, self._app.settings.hub_name)
        triggers = HttpTriggers(self._app, self._worker, self._client_json)
        key = event_grid_triggers.system_key(self._store)
        events = EventGridTriggers(self._app, self._worker, key, self._client_json)
        application = web.Application(client_max_size=_LARGEST_BODY)
        for base in (WEBHOOK_PATH, RPC_PATH):
            application.add_routes(durable.routes(base))
            application.router.add_route("*", f"{base}/{{rest:.*}}", _unknown_durable_path)
        application.router.add_route("*", event_grid_triggers.WEBHOOK_PATH, events.handle)
        application.add_routes(AdminApi(self._app, self._timers, events, key).routes())
        application.router.add_route("*", "/{path:.*}", triggers.handle)
        return application


async def _unknown_durable_path(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=404)
