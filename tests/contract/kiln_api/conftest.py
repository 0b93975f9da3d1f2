"""Kiln's REST API on the local Functions host, over Azurite, with builds that only keep records."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.imagebuilder import ImageBuilderClient
from azure.mgmt.imagebuilder.aio import ImageBuilderClient as AsyncImageBuilderClient

from devkit.child import Child
from devkit.specification import of_httpx, of_sdk
from tests.answers import ANSWERED
from tests.app_settings import set_settings
from tests.tokens import token
from triggers.throttle import SETTING, throttle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
REPOSITORY = Path(__file__).parents[3]
GALLERY_IMAGE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/gallery/images/hello"
)


@contextmanager
def serve(app: Path, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Serve the function app in `app` on the local Functions host, and give its address."""
    child = Child(
        "the API's host",
        [sys.executable, "-m", "devkit.host", "--app", str(app), "--db", str(folder / "hub.db"), "--port", "0"],
        log=folder / "host.log",
        environment={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **environment},
    )
    try:
        yield child.wait_for(re.compile(r"^ready (http://\S+)"), timeout=60)[1]
    finally:
        child.stop()


@contextmanager
def serve_stand_in(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Serve the API with stand-in submissions and builds, and give its address."""
    shutil.copy(REPOSITORY / "host.json", folder)
    shutil.copy(Path(__file__).parent / "stand_in" / "function_app.py", folder)
    with serve(folder, folder, environment) as address:
        yield address


@contextmanager
def sdk_at(address: str, token: str) -> Iterator[ImageBuilderClient]:
    """Give the unmodified SDK's client with its endpoint at `address`."""
    with ImageBuilderClient(
        Known(token),
        SUBSCRIPTION,
        base_url=address,
        credential_scopes=[f"{address}/.default"],
        per_call_policies=[AllowHttp()],
        polling_interval=1,
        raw_response_hook=of_sdk(ANSWERED),
    ) as client:
        yield client


def async_sdk_at(address: str, token: str) -> AsyncImageBuilderClient:
    """Return the unmodified asynchronous SDK's client with its endpoint at `address`: an asynchronous context."""
    return AsyncImageBuilderClient(
        KnownSoon(token),
        SUBSCRIPTION,
        base_url=address,
        credential_scopes=[f"{address}/.default"],
        per_call_policies=[AllowHttp()],
        polling_interval=1,
    )


@pytest.fixture(scope="session")
def served(local_azure: InProcessAzure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the API with stand-in builds."""
    with serve_stand_in(tmp_path_factory.mktemp("api"), local_azure.environment("kilnapi")) as address:
        yield address


@dataclass(frozen=True)
class Known:
    """A credential that has its token already."""

    token: str

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(self.token, 2**31)


@dataclass(frozen=True)
class KnownSoon:
    """A credential that has its token already, for the asynchronous client."""

    token: str

    async def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        await asyncio.sleep(0)
        return AccessToken(self.token, 2**31)

    async def close(self) -> None:
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class AllowHttp(SansIOHTTPPolicy[Any, Any]):
    """Let the client send its token over plain HTTP, which it refuses by itself."""

    def on_request(self, request: Any) -> None:
        request.context.options.setdefault("enforce_https", False)


@pytest.fixture(scope="session")
def admin(local_azure: InProcessAzure) -> str:
    """A token of an Admin, who may do everything."""
    return token(local_azure)


@pytest.fixture(scope="session")
def signed_in(admin: str) -> dict[str, str]:
    """The Authorization header with the Admin's token."""
    return {"Authorization": f"Bearer {admin}"}


@pytest.fixture
def sdk(served: str, admin: str) -> Iterator[ImageBuilderClient]:
    with sdk_at(served, admin) as client:
        yield client


@pytest.fixture
def http(served: str, signed_in: dict[str, str]) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=served,
        params={"api-version": "2025-10-01"},
        headers=signed_in,
        timeout=30,
        event_hooks=of_httpx(ANSWERED),
    ) as client:
        yield client


@pytest.fixture
def no_throttle(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let handlers in this process take any number of requests."""
    set_settings(monkeypatch, **{SETTING: "0"})
    throttle.cache_clear()
    yield
    throttle.cache_clear()


@pytest.fixture
def group() -> str:
    """A resource group that no other test uses: templates of tests never meet."""
    return f"rg-{uuid.uuid4().hex[:12]}"


def template_path(group: str, name: str) -> str:
    return (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}"
        f"/providers/Microsoft.VirtualMachineImages/imageTemplates/{name}"
    )


def template_body(does: str = "succeed", **properties: Any) -> dict[str, Any]:
    """Return a template whose stand-in build succeeds, fails or waits (for a cancel), as `does` says."""
    return {
        "location": "westeurope",
        "tags": {"team": "images"},
        "identity": {"type": "None"},
        "properties": {
            "source": {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"},
            "customize": [{"type": "Shell", "name": "a", "inline": [does]}],
            "distribute": [{"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": GALLERY_IMAGE}],
            **properties,
        },
    }
