"""Kiln's REST API on the local Functions host, over Azurite, with builds that only keep records."""

from __future__ import annotations

import os
import re
import shutil
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.imagebuilder import ImageBuilderClient

from devkit.child import Child
from tests.contract.kiln_api.identity import serve_identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.azurite import Azurite

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
REPOSITORY = Path(__file__).parents[3]
GALLERY_IMAGE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/gallery/images/hello"
)


@dataclass(frozen=True)
class Served:
    """The API's address, and the environment in which it reaches its storage."""

    address: str
    environment: dict[str, str]


@pytest.fixture(scope="session")
def served(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("api")
    shutil.copy(REPOSITORY / "host.json", folder)
    shutil.copy(Path(__file__).parent / "stand_in" / "function_app.py", folder)
    azurite.accounts.create("kilnapi")
    with serve_identity() as identity:
        environment = {
            "KILN_STATE_ENDPOINT": azurite.accounts.endpoint("kilnapi"),
            "REQUESTS_CA_BUNDLE": str(azurite.certificates.ca),
            "IDENTITY_ENDPOINT": identity,
            "IDENTITY_HEADER": "local",
        }
        command = [sys.executable, "-m", "devkit.host", "--app", str(folder), "--db", str(folder / "hub.db")]
        child = Child(
            "the API's host",
            [*command, "--port", "0"],
            log=folder / "host.log",
            environment={"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **environment},
        )
        ready = child.wait_for(re.compile(r"^ready (http://\S+)"), timeout=60)
        yield Served(ready[1], environment)
        child.stop()


class Anyone:
    """A credential; the local host asks nobody who they are."""

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken("anyone", 2**31)


class AllowHttp(SansIOHTTPPolicy[Any, Any]):
    """Let the client send its token over plain HTTP, which it refuses by itself."""

    def on_request(self, request: Any) -> None:
        request.context.options.setdefault("enforce_https", False)


@pytest.fixture
def sdk(served: Served) -> Iterator[ImageBuilderClient]:
    with ImageBuilderClient(
        Anyone(),
        SUBSCRIPTION,
        base_url=served.address,
        credential_scopes=[f"{served.address}/.default"],
        per_call_policies=[AllowHttp()],
        polling_interval=1,
    ) as client:
        yield client


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.address, params={"api-version": "2025-10-01"}, timeout=30) as client:
        yield client


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
    """Return a template whose stand-in build does what `does` says: succeed, fail, or wait (for a cancel)."""
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
