"""The host's keys: its own for /admin, and one for each extension's webhook.

It owns making, keeping and checking them ("Work with access keys in Azure Functions"); it must not know what they open.
"""

from __future__ import annotations

import hmac
import json
import secrets
from typing import TYPE_CHECKING

from devkit.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aiohttp import web

    from devkit.host.store import Store

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MASTER = "_master"
EVENT_GRID = "eventgrid_extension"
DURABLE = "durabletask_extension"
SYSTEM = (DURABLE, EVENT_GRID)
"""The names under which Azure lists the keys of the two extensions."""


class Keys:
    """Keys by name; made at the first start, and the same ever after."""

    def __init__(self, store: Store) -> None:
        self._keys = {name: _kept(store, name) for name in (MASTER, *SYSTEM)}

    def __getitem__(self, name: str) -> str:
        """Return a key. Raises KeyError."""
        return self._keys[name]

    def save(self, file: Path) -> None:
        """Write the master key for this user's other processes: whoever can read the file may administer the host."""
        write_atomically(file, json.dumps({"masterKey": self._keys[MASTER]}).encode(), mode=0o600)

    def fits(self, request: web.Request, name: str) -> bool:
        """Whether a request has the key, as `code=` or in the header."""
        given = request.query.get("code") or request.headers.get("x-functions-key") or ""
        return hmac.compare_digest(given.encode(), self._keys[name].encode())

    def guarded(self, name: str, handler: Handler) -> Handler:
        """Return the handler behind the key: 401 without it."""
        from aiohttp import web  # imported here: `kiln local` reads a saved key, and need not wait for a web server

        async def handle(request: web.Request) -> web.StreamResponse:
            if not self.fits(request, name):
                return web.Response(status=401)
            return await handler(request)

        return handle


def saved_master_key(file: Path) -> str:
    """Return the key that `Keys.save` wrote."""
    return str(json.loads(file.read_text())["masterKey"])


def _kept(store: Store, name: str) -> str:
    kept = store.setting(f"key:{name}")
    if kept is None:
        kept = secrets.token_urlsafe(40)
        store.put_setting(f"key:{name}", kept)
    return kept
