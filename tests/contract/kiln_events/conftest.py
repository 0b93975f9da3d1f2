"""Kiln's activities in this process with a topic of the local Event Grid, and a subscriber to it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.contract.azure.event_grid import Subscriber
from tests.contract.azure.harness import SEEDED
from tests.own_clients import own_clients
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure

_VERSION = "2025-02-15"


@dataclass
class Topic:
    """A new topic, the events published to it, and the subscribers to it."""

    azure: InProcessAzure
    name: str
    subscriber: Subscriber

    @property
    def endpoint(self) -> str:
        return f"{self.azure.url}/eventgrid/westeurope/{self.name}/api/events"

    def published(self) -> list[dict[str, Any]]:
        """The events published so far, in order."""
        answer = httpx.get(f"{self.azure.http_url}/_local/eventgrid/events").raise_for_status().json()
        return [found["event"] for found in answer["events"] if found["topic"].lower().endswith(f"/{self.name}")]

    def received(self, count: int) -> list[dict[str, Any]]:
        """Wait until at least so many events have arrived; return all, each request's in its order."""
        until(lambda: len(self._arrived()) >= count)
        return self._arrived()

    def _arrived(self) -> list[dict[str, Any]]:
        return [event for request in self.subscriber.requests() for event in request.body]

    def down(self, **rule: Any) -> None:
        """Let publishing fail."""
        self.azure.add_fault(method="POST", path=f"/eventgrid/westeurope/{self.name}/api/events", **rule)

    def up(self) -> None:
        """Let it work again."""
        self.azure.clear_faults()


@pytest.fixture
def topic(local_azure: InProcessAzure) -> Iterator[Topic]:
    """A topic with one subscription, which takes whole batches."""
    name = f"kiln-{uuid.uuid4().hex[:8]}"
    arm = f"{local_azure.http_url}{SEEDED}/providers/Microsoft.EventGrid/topics/{name}"
    headers = {"Authorization": "Bearer any"}
    with Subscriber() as subscriber, httpx.Client(params={"api-version": _VERSION}, headers=headers) as client:
        properties = {"inputSchema": "CloudEventSchemaV1_0", "disableLocalAuth": True}
        client.put(arm, json={"location": "westeurope", "properties": properties}).raise_for_status()
        until(lambda: client.get(arm).json()["properties"]["provisioningState"] == "Succeeded")
        hook = {"endpointUrl": subscriber.url, "maxEventsPerBatch": 5000, "preferredBatchSizeInKilobytes": 1024}
        wanted = {"destination": {"endpointType": "WebHook", "properties": hook}}
        client.put(f"{arm}/eventSubscriptions/all", json={"properties": wanted}).raise_for_status()
        until(
            lambda: client.get(f"{arm}/eventSubscriptions/all").json()["properties"]["provisioningState"] == "Succeeded"
        )
        running = Topic(local_azure, name, subscriber)
        yield running
        running.up()


@pytest.fixture(autouse=True)
def settings(topic: Topic, azure_environment: InProcessAzure) -> Iterator[None]:
    """The app's settings and clients, which a process reads once, read anew for each test, with a topic of its own."""
    state = azure_environment.environment(f"ev{topic.name[5:]}")
    with own_clients({**state, "KILN_TOPIC_ENDPOINT": topic.endpoint}):
        yield
