"""The whole app behind the SDK: API, orchestrators and activities, on the local Azure with scripted machines."""

from __future__ import annotations

import ssl
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from devkit.guests.scripted.rules import Rule
from tests.contract.kiln_api.conftest import REPOSITORY, sdk_at, serve, template_body, template_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure


@pytest.fixture(scope="module")
def app(local_azure: InProcessAzure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real function app."""
    folder = tmp_path_factory.mktemp("app")
    with serve(REPOSITORY, folder, local_azure.environment("kilnapp")) as address:
        yield address


@pytest.mark.timeout(240)
def test_the_sdk_drives_a_build_to_a_vhd_that_can_be_downloaded(
    app: str, admin: str, signed_in: dict[str, str], local_azure: InProcessAzure
) -> None:
    marker = f"hello-{uuid.uuid4().hex[:8]}"
    local_azure.guests.rules.append(Rule(matches=marker.encode(), stdout=f"{marker}\n".encode()))
    name = f"web-{uuid.uuid4().hex[:8]}"
    body = template_body(f"echo {marker}", distribute=[{"type": "VHD", "runOutputName": "disk"}])
    path = template_path("rg-images", name)
    query = {"api-version": "2025-10-01"}
    with (
        sdk_at(app, admin) as sdk,
        httpx.Client(base_url=app, params=query, headers=signed_in, timeout=30) as http,
    ):
        templates = sdk.virtual_machine_image_templates
        templates.begin_create_or_update("rg-images", name, body).result()
        templates.begin_run("rg-images", name).result()

        run = http.get(f"{path}/runs").json()["value"][0]
        assert run["properties"]["runState"] == "Succeeded"
        assert run["properties"].get("leftovers") == []
        log = http.get(f"{path}/runs/{run['name']}/log")
        assert f"\n{marker}\n" in log.text
        end = int(log.headers["x-kiln-next-offset"])
        assert end == len(log.content)
        rest = http.get(f"{path}/runs/{run['name']}/log", params={"offset": end})
        assert (rest.status_code, rest.headers["x-kiln-next-offset"]) == (204, str(end))

        access = http.post(f"{path}/runOutputs/disk/getAccess").json()
        trust = ssl.create_default_context(cafile=local_azure.azurite.certificates.ca)
        first = httpx.get(access["accessSAS"], headers={"Range": "bytes=0-511"}, verify=trust)
        assert (first.status_code, len(first.content)) == (206, 512)
        assert httpx.delete(access["accessSAS"], verify=trust).status_code == 403
        lasts = datetime.fromisoformat(access["expiresOn"]) - datetime.now(UTC)
        assert timedelta(minutes=55) < lasts <= timedelta(minutes=60)

        templates.begin_delete("rg-images", name).result()
        assert http.get(path).status_code == 404
