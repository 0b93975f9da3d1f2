"""Microsoft's worker with the app, and the local host with the same app and the same state beside it.

Skipped, with the reason, where there is no Python for the worker.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from devkit.host.durable_payloads import client_binding
from devkit.host.keys import DURABLE
from tests.contract.azure.harness import SEEDED
from tests.own_clients import own_clients
from tests.unit.devkit.host.serving import serving
from tests.unit.infra.deployed import ROOT
from tests.waiting import until
from tests.worker.interpreter import absence, interpreter
from tests.worker.process import MicrosoftWorker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.host.server import Host
    from devkit.local.in_process import InProcessAzure


@dataclass(frozen=True)
class Twin:
    """The local host: its address, and the JSON of a durable client that reaches it."""

    host: Host
    address: str
    client: str


@pytest.fixture(scope="session")
def settings(local_azure: InProcessAzure) -> dict[str, str]:
    """The app's settings: a new state and topic on the local Azure, and no rate limit."""
    name = f"worker{uuid.uuid4().hex[:12]}"
    return {**local_azure.environment(name), "KILN_TOPIC_ENDPOINT": _topic(local_azure, name), "KILN_RATE_LIMIT": "0"}


def _topic(azure: InProcessAzure, name: str) -> str:
    """Make a topic, and return its endpoint."""
    path = f"{azure.http_url}{SEEDED}/providers/Microsoft.EventGrid/topics/{name}?api-version=2025-02-15"
    body = {"location": "westeurope", "properties": {"inputSchema": "CloudEventSchemaV1_0", "disableLocalAuth": True}}
    with httpx.Client(headers={"Authorization": "Bearer any"}, trust_env=False) as client:
        client.put(path, json=body).raise_for_status()
        until(lambda: client.get(path).json()["properties"]["provisioningState"] == "Succeeded")
    return f"{azure.url}/eventgrid/westeurope/{name}/api/events"


@pytest.fixture(scope="session")
def worker(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[MicrosoftWorker]:
    """The app in Microsoft's worker, on the local Azure."""
    python = interpreter()
    if python is None:
        pytest.skip(absence())
    with MicrosoftWorker(python, tmp_path_factory.mktemp("worker"), settings) as running:
        yield running


@pytest.fixture(scope="module")
def twin(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """The app on the local host, in this process."""
    with own_clients(settings), serving(tmp_path_factory.mktemp("twin") / "hub.db", ROOT) as host:
        yield Twin(host, host.address, _client(host))


def _client(host: Host) -> str:
    """Return the JSON of a durable client of the host."""
    function = next(item for item in host._app.http if item.clients)
    (binding,) = function.clients.values()
    return client_binding(
        host.address, f"{host.address}{host._rpc_path}", host._app.settings.hub_name, host.keys[DURABLE], binding
    )
