"""A local Azure in a thread of its own, and the real SDKs' clients pointed at it.

It owns start, stop and restart for tests; it must not know what is tested.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.imagebuilder import ImageBuilderClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from devkit.azure.latency import INSTANT, Latency
from devkit.azure.server import LocalAzure, Tls
from devkit.guests.scripted.guests import ScriptedGuests
from devkit.specification import Recorder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from devkit.azure.storage_port import StorageAccounts
    from devkit.guests.port import Guests

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
# Api-versions of the tests' requests, by the beginning of the path after its last /providers/: those whose
# specifications are stored. Services that no row names are Resource Manager's own.
_VERSIONS = {
    "microsoft.compute/galleries": "2024-03-03",
    "microsoft.compute/disks": "2024-03-02",
    "microsoft.compute/snapshots": "2024-03-02",
    "microsoft.compute/skus": "2021-07-01",
    "microsoft.compute/": "2024-07-01",
    "microsoft.network/": "2024-05-01",
    "microsoft.storage/": "2023-05-01",
    "microsoft.managedidentity/": "2023-01-31",
    "microsoft.authorization/": "2022-04-01",
    "microsoft.virtualmachineimages/": "2025-10-01",
}
_RESOURCE_MANAGER = "2024-07-01"
_SUBSCRIPTIONS = "2022-12-01"
SEEDED = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images"


class Credential:
    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("fake", int(time.time()) + 86400)


def version_for(path: str) -> str:
    """Return the api-version at which the tests ask for a path."""
    if re.fullmatch(r"/subscriptions(/[^/]+(/locations)?)?", path):
        return _SUBSCRIPTIONS
    _, _, kind = re.sub("/+", "/", path.lower()).rpartition("/providers/")
    return next((version for start, version in _VERSIONS.items() if kind.startswith(start)), _RESOURCE_MANAGER)


class AskAsStored(SansIOHTTPPolicy[Any, Any]):
    """Lets a bearer token go over plain HTTP, which azure-core refuses, and asks at the versions of `version_for`."""

    def on_request(self, request: Any) -> None:
        request.context.options.setdefault("enforce_https", False)
        url = request.http_request.url
        version = version_for(urlsplit(url).path)
        request.http_request.url = re.sub(r"(?<=[?&]api-version=)[^&]+", version, url)


class Harness:
    """One local Azure; `restart` makes a new process of it as far as its state can tell."""

    def __init__(
        self,
        data: Path,
        storage: StorageAccounts,
        *,
        latency: Latency = INSTANT,
        time_scale: float = 1.0,
        tls: Tls | None = None,
        database: str | Path = ":memory:",
        app_identities: Sequence[str] = (),
        guests: Guests | None = None,
    ) -> None:
        self.data, self.storage, self.tls, self.database = data, storage, tls, database
        self.latency, self.time_scale = latency, time_scale
        self.app_identities = app_identities
        self._given_guests = guests
        self.port = 0
        self.recorder = Recorder()
        self.start()

    def start(self) -> None:
        # Any, as tests set the rules of scripted machines.
        self.guests: Any = self._given_guests or ScriptedGuests(self.data)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.server = LocalAzure(
            guests=self.guests,
            storage=self.storage,
            data=self.data,
            database=self.database,
            latency=self.latency,
            time_scale=self.time_scale,
            app_identities=self.app_identities,
        )
        self.server.observer = self.recorder.observe
        self.port = self._call(self.server.start(port=self.port, tls=self.tls))

    def stop(self) -> None:
        self._call(self.server.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def http(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request with a token and an api-version, unless the options say otherwise."""
        headers = {"Authorization": "Bearer fake", **options.pop("headers", {})}
        params = options.pop("params", {"api-version": version_for(path)})
        return httpx.request(method, self.url + path, headers=headers, params=params, trust_env=False, **options)

    def put(self, path: str, body: Any) -> httpx.Response:
        return self.http("PUT", path, json=body)

    def local(self, method: str, path: str, **options: Any) -> Any:
        """Call the control plane."""
        answer = httpx.request(method, f"{self.url}/_local/{path}", trust_env=False, **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    # The clients are Any: their models allow None nearly everywhere, and a test that meets None fails anyway.
    def _client(self, kind: Callable[..., Any]) -> Any:
        return kind(
            Credential(),
            SUBSCRIPTION,
            base_url=self.url,
            credential_scopes=[f"{self.url}/.default"],
            per_call_policies=[AskAsStored()],
            polling_interval=0.02,
            retry_total=0,
        )

    @property
    def resources(self) -> Any:
        return self._client(ResourceManagementClient)

    @property
    def network(self) -> Any:
        return self._client(NetworkManagementClient)

    @property
    def compute(self) -> Any:
        return self._client(ComputeManagementClient)

    @property
    def images(self) -> Any:
        return self._client(ImageBuilderClient)

    @property
    def storages(self) -> Any:
        return self._client(StorageManagementClient)


def refused(call: Callable[[], Any], code: str) -> HttpResponseError:
    """Make a call that has to be refused with this ARM code, and return the SDK's error."""
    with pytest.raises(HttpResponseError) as caught:
        call()
    assert caught.value.error is not None
    assert caught.value.error.code == code
    return caught.value
