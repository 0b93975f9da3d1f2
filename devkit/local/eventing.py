"""Event Grid of a local run, as infra/ sets it up on Azure: Kiln's topic, and what reaches Kiln's function.

It asks the local Azure's REST API for all of it, so that a start on old data finds it as it is; it must not know how
anything is delivered, nor what the function does.
"""

from __future__ import annotations

import hashlib
import ssl
import time
from dataclasses import dataclass
from typing import Any, Self

import httpx

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-kiln"
TOPIC = f"{GROUP}/providers/Microsoft.EventGrid/topics/kiln"
SYSTEM_TOPIC = f"{GROUP}/providers/Microsoft.EventGrid/systemTopics/subscription"
APP = f"{GROUP}/providers/Microsoft.Web/sites/kiln"
FUNCTION = f"{APP}/functions/on_event"
GALLERY_WRITES = f"kiln-gallery-versions-{hashlib.sha256(APP.encode()).hexdigest()[:13]}"
"""Name of the app's own event subscription, with a hash of its id: others may use the same topic (infra/events.bicep).

Azure's own hash, `uniqueString`, has 13 characters, too ("Bicep functions - string").
"""
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/kilnletters"
CONTAINER = "dead-letters"
REGION = "westeurope"

_EVENT_GRID, _STORAGE, _RESOURCES = "2025-02-15", "2023-05-01", "2021-04-01"
_CLOUD_EVENTS = "CloudEventSchemaV1_0"
_SECONDS = 120
_BETWEEN_LOOKS = 0.1


class EventingFailed(RuntimeError):
    """The local Azure would not set Event Grid up; the message has its answer."""


@dataclass
class Eventing:
    """The local Azure at `azure`, a base URL, whose certificate authority is in the file `ca`; a context manager."""

    azure: str
    ca: str

    def __enter__(self) -> Self:
        """Open the connection, and get a token as the app does."""
        self._trust = ssl.create_default_context(cafile=self.ca)
        self._http = httpx.Client(base_url=self.azure, verify=self._trust, trust_env=False, timeout=30)
        asked = {"api-version": "2019-08-01", "resource": "https://management.azure.com"}
        token = self._http.get("/msi/token", params=asked, headers={"X-IDENTITY-HEADER": "local"}).raise_for_status()
        self._http.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._http.close()

    def make_topic(self) -> str:
        """Make the topic and the place of its dead letters; return where to publish. Raises EventingFailed."""
        self._put(GROUP, _RESOURCES, {"location": REGION})
        self._put(
            TOPIC,
            _EVENT_GRID,
            {
                "location": REGION,
                "identity": {"type": "SystemAssigned"},
                "properties": {"inputSchema": _CLOUD_EVENTS, "disableLocalAuth": True},
            },
        )
        account = {"location": REGION, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {}}
        self._put(ACCOUNT, _STORAGE, account)
        self._put(f"{ACCOUNT}/blobServices/default/containers/{CONTAINER}", _STORAGE, {"properties": {}})
        return str(self._get(TOPIC, _EVENT_GRID)["properties"]["endpoint"])

    def connect(self, host: str, key: str) -> None:
        """Let the topic's events and writes of gallery versions reach the app on `host`. Raises EventingFailed.

        `key` is the host's own, with which it gives the key of its webhook.
        """
        with httpx.Client(verify=self._trust, trust_env=False, headers={"x-functions-key": key}) as client:
            found = client.get(f"{host}/admin/host/systemkeys/eventgrid_extension").raise_for_status().json()
        webhook = f"{host}/runtime/webhooks/eventgrid?functionName=on_event&code={found['value']}"
        self._http.put("/_local/functions", json={FUNCTION: webhook}).raise_for_status()
        letters = {"resourceId": ACCOUNT, "blobContainerName": CONTAINER}
        self._subscribe(
            f"{TOPIC}/eventSubscriptions/kiln",
            deadLetterWithResourceIdentity={
                "identity": {"type": "SystemAssigned"},
                "deadLetterDestination": {"endpointType": "StorageBlob", "properties": letters},
            },
        )
        source = {"source": SUBSCRIPTION, "topicType": "Microsoft.Resources.Subscriptions"}
        self._put(SYSTEM_TOPIC, _EVENT_GRID, {"location": "global", "properties": source})
        written = {"operatorType": "StringIn", "key": "data.operationName"}
        self._subscribe(
            f"{SYSTEM_TOPIC}/eventSubscriptions/{GALLERY_WRITES}",
            filter={
                "includedEventTypes": ["Microsoft.Resources.ResourceWriteSuccess"],
                "advancedFilters": [{**written, "values": ["Microsoft.Compute/galleries/images/versions/write"]}],
            },
        )

    def _subscribe(self, path: str, **properties: Any) -> None:
        destination = {
            "endpointType": "AzureFunction",
            "properties": {"resourceId": FUNCTION, "maxEventsPerBatch": 1, "preferredBatchSizeInKilobytes": 64},
        }
        given = {"destination": destination, "eventDeliverySchema": _CLOUD_EVENTS, **properties}
        self._put(path, _EVENT_GRID, {"properties": given})

    def _put(self, path: str, version: str, body: dict[str, Any]) -> None:
        """Put a resource, and wait until it is there."""
        response = self._http.put(path, params={"api-version": version}, json=body)
        if response.is_error:
            raise EventingFailed(f"PUT {path}: {response.status_code} {response.text}")
        end = time.monotonic() + _SECONDS
        while (state := self._state(path, version)) != "Succeeded":
            if state in {"Failed", "Canceled"} or time.monotonic() > end:
                raise EventingFailed(f"{path} is {state}")
            time.sleep(_BETWEEN_LOOKS)

    def _state(self, path: str, version: str) -> str:
        if "/blobServices/" in path:
            return "Succeeded"  # a container has no state, and there is no GET of it
        return str(self._get(path, version)["properties"]["provisioningState"])

    def _get(self, path: str, version: str) -> Any:
        response = self._http.get(path, params={"api-version": version})
        if response.is_error:
            raise EventingFailed(f"GET {path}: {response.status_code} {response.text}")
        return response.json()
