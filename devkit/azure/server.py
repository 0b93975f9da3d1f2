"""The local Azure as a whole: made from its parts, started, stopped.

It owns the life of the server and what has to be picked up after a restart; it must not know any service's rules.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web

from devkit.azure.blobs import Blobs
from devkit.azure.cloud import Cloud
from devkit.azure.compute import run_commands
from devkit.azure.eventgrid import announcements
from devkit.azure.eventgrid.publishing import PATH, Publishing
from devkit.azure.gateway import Gateway, Observer
from devkit.azure.identity import app_identities as identities_of_app
from devkit.azure.latency import INSTANT, Latency
from devkit.azure.seed import seed
from devkit.azure.services import services
from devkit.azure.store import Store
from devkit.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from devkit.azure.storage_port import StorageAccounts
    from devkit.guests.port import Guests

_LARGEST_BODY = 16 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Tls:
    """A certificate chain and its key, as PEM files."""

    certificate: Path
    key: Path


class LocalAzure:
    """One local Azure on one port, for HTTP and, with `tls`, HTTPS."""

    def __init__(
        self,
        *,
        guests: Guests,
        storage: StorageAccounts,
        data: Path,
        database: str | Path,
        latency: Latency = INSTANT,
        time_scale: float = 1.0,
        app_identities: Sequence[str] = (),
    ) -> None:
        """Take the machines, the blob accounts, a folder for images, a SQLite file (or ":memory:") and a profile.

        `time_scale` multiplies the profile's times: with 0.1 everything takes a tenth. `app_identities` are the ids of
        user-assigned identities that the app has besides the seeded one; they need not exist yet.
        """
        self._app_identities = app_identities
        self._guests, self._storage, self._data, self._database = guests, storage, data, database
        self._latency, self._time_scale = latency, time_scale
        self.observer: Observer | None = None
        self._cloud: Cloud | None = None
        self._runner: web.AppRunner | None = None
        self._listener: Listener | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: Tls | None = None) -> int:
        """Open the store, go on with what an earlier process left, and serve. Return the port."""
        self._cloud = cloud = Cloud(
            store=Store(self._database),
            guests=self._guests,
            storage=self._storage,
            blobs=Blobs(self._storage),
            data=self._data,
            latency=self._latency.scaled(self._time_scale),
            time_scale=self._time_scale,
            services=services(),
        )
        seed(cloud)
        for identity_id in self._app_identities:
            identities_of_app.assign(cloud.store, identity_id)
        for command in cloud.store.list(kind=run_commands.TYPE):
            run_commands.lose(cloud, command)
        cloud.operations.observers.append(partial(announcements.ended, cloud))
        cloud.operations.load()
        cloud.events.start()
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_post(PATH, Publishing(cloud, self._observe, own_name=host).handle)
        application.router.add_route("*", "/{path:(?s:.*)}", Gateway(cloud, self._observe, own_name=host).handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        if self._runner.server is None:
            raise RuntimeError("aiohttp made no server")
        self._listener = Listener(self._runner.server, _context(tls))
        bound = await self._listener.start(host, port)
        cloud.issuer.origin = f"{'http' if tls is None else 'https'}://{host}:{bound}"
        return bound

    def _observe(self, *exchange: Any) -> None:
        if self.observer is not None:
            self.observer(*exchange)

    async def stop(self) -> None:
        """Stop serving; what is under way goes on at the next start, machines keep running."""
        if self._listener is not None:
            await self._listener.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._listener is not None:
            await self._listener.abort()
        if self._cloud is not None:
            await self._cloud.events.stop()
            await self._cloud.operations.stop()
            await self._cloud.scripts.stop()
            await self._cloud.blobs.close()
            self._cloud.store.close()


def _context(tls: Tls | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls.certificate, tls.key)
    return context
