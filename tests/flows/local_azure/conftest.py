"""Kiln's own settings and clients, on the local Azure: read and made anew for a module, and closed after it."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from kiln import blobs, config
from kiln.cloud import clients
from kiln.runs import documents
from tests.flows.local_azure.kiln import Kiln

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devkit.local.in_process import InProcessAzure

CACHED = (config.config, config.credential, documents.documents)
CLIENTS = ("resources", "network", "storage", "compute")


@pytest.fixture(scope="module", autouse=True)
def _settings(local_azure: InProcessAzure) -> Iterator[None]:
    opened: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in local_azure.environment().items():
            patch.setenv(name, value)
        for name in CLIENTS:
            patch.setattr(clients, name, _remembering(getattr(clients, name), opened))
        patch.setattr(blobs, "account", _remembering(blobs.account, opened))
        _forget()
        yield
        for client in (*opened, config.credential()):
            client.close()
    _forget()


@pytest.fixture(autouse=True)
def _own_rules(local_azure: InProcessAzure) -> Iterator[None]:
    """Let a test's rules of scripted machines, and its faults of Azure, end with it."""
    before = list(local_azure.guests.rules)
    yield
    local_azure.guests.rules[:] = before
    httpx.delete(f"{local_azure.http_url}/_local/faults").raise_for_status()


@pytest.fixture
def kiln(local_azure: InProcessAzure) -> Callable[..., Kiln]:
    """Return a way to a template of one's own."""
    return functools.partial(Kiln, local_azure)


def _forget() -> None:
    for cached in CACHED:
        cached.cache_clear()


def _remembering(make: Callable[[str], Any], opened: list[Any]) -> Callable[[str], Any]:
    """Return `make`, cached anew, with what it makes kept in `opened`."""

    @functools.cache
    def made(key: str) -> Any:
        client = inspect.unwrap(make)(key)
        opened.append(client)
        return client

    return made
