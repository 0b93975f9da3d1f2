"""Kiln's settings and clients in this process: read and made anew for a while, and closed after it."""

from __future__ import annotations

import functools
import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from kiln import blobs, config
from kiln.cloud import clients, downloads
from kiln.events import publisher
from kiln.runs.documents import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CACHED: tuple[Any, ...] = (config.config, config.credential, documents)


@contextmanager
def own_clients(environment: dict[str, str] | None = None) -> Iterator[None]:
    """Let Kiln read `environment` (None: as it is) anew for the block, and close the clients that it opens."""
    opened: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (environment or {}).items():
            patch.setenv(name, value)
        for name in ("resources", "network", "storage", "compute"):
            patch.setattr(clients, name, _remembering(getattr(clients, name), opened))
        patch.setattr(blobs, "account", _remembering(blobs.account, opened))
        patch.setattr(blobs, "state_account", _remembering(blobs.state_account, opened))
        patch.setattr(downloads, "identity_credential", _remembering(config.identity_credential, opened))
        patch.setattr(publisher, "client", _remembering(publisher.client, opened))
        _forget()
        yield
        for client in (*opened, config.credential()):
            client.close()
    _forget()


def _forget() -> None:
    for cached in CACHED:
        cached.cache_clear()


def _remembering(make: Callable[[str], Any], opened: list[Any]) -> Callable[[str], Any]:
    """Return `make`, cached anew, with every client that it makes kept in `opened`."""

    @functools.cache
    def made(key: str) -> Any:
        client = inspect.unwrap(make)(key)
        opened.append(client)
        return client

    return made
