"""Every example builds on a local Kiln with scripted machines, and makes what its template says."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from azure.storage.blob import BlobServiceClient

from devkit.guests.scripted.rules import Rule
from tests.e2e.app import REPOSITORY, KilnApp
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.local.in_process import InProcessAzure

EXAMPLES = sorted((REPOSITORY / "examples").glob("*.json"))
BUILT_ON = {"gallery-source": "hello-linux", "managed-image-source": "managed-image"}
"""Examples whose source another example makes."""
FAILS = {"error-handling": "Failed"}
SECONDS = 90


@pytest.fixture(scope="module")
def app(local_azure: InProcessAzure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KilnApp]:
    folder = tmp_path_factory.mktemp("examples")
    with KilnApp(local_azure, folder, f"state{uuid.uuid4().hex[:12]}") as running:
        yield running


@pytest.fixture(scope="module")
def built() -> set[str]:
    return set()


@pytest.fixture(autouse=True)
def a_script_that_fails(local_azure: InProcessAzure) -> Iterator[None]:
    failing = Rule(matches=b"\nexit 7\n", exit_code=7)
    local_azure.guests.rules.append(failing)
    yield
    local_azure.guests.rules.remove(failing)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_builds_what_it_says(path: Path, app: KilnApp, built: set[str]) -> None:
    base = BUILT_ON.get(path.stem)
    if base and base not in built:
        build(app, path.with_stem(base))
        built.add(base)

    body, run = build(app, path)
    built.add(path.stem)

    assert run["runState"] == FAILS.get(path.stem, "Succeeded"), run
    validates_only = body["properties"].get("validate", {}).get("sourceValidationOnly", False)
    asked = set() if path.stem in FAILS or validates_only else outputs_of(body)
    made = app.call("GET", f"example-{path.stem}/runOutputs").json()["value"]
    assert {output["name"] for output in made} == asked
    assert all(output["properties"]["provisioningState"] == "Succeeded" for output in made)


def build(app: KilnApp, path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Submit an example and run it to its end, unless its autoRun does; return its body and the run."""
    name = f"example-{path.stem}"
    body = readable(app, path)
    app.submit(name, body)
    shown = until(lambda: settled(app, name), within=SECONDS)
    assert shown["provisioningState"] == "Succeeded", shown.get("provisioningError")
    if body["properties"].get("autoRun", {}).get("state") != "Enabled":
        app.run(name)
    return body, until(lambda: ended(app, name), within=SECONDS)


def readable(app: KilnApp, path: Path) -> dict[str, Any]:
    """Return an example with this machine's storage in the place of the one on Azure that it names."""
    local = app.azure.azurite.accounts
    key = {"account_name": "examplevhds", "account_key": local.create("examplevhds")}
    with BlobServiceClient(local.endpoint("examplevhds"), key, connection_verify=str(local.ca_file)) as account:
        images = account.get_container_client("images")
        if not images.exists():
            images.create_container()
    text = path.read_text().replace("https://examplevhds.blob.core.windows.net", local.endpoint("examplevhds"))
    body: dict[str, Any] = json.loads(text)
    return body


def outputs_of(body: dict[str, Any]) -> set[str]:
    return {target["runOutputName"] for target in body["properties"]["distribute"]}


def settled(app: KilnApp, name: str) -> dict[str, Any] | None:
    properties: dict[str, Any] = app.call("GET", name).json()["properties"]
    return None if properties["provisioningState"] in {"Creating", "Updating"} else properties


def ended(app: KilnApp, name: str) -> dict[str, Any] | None:
    runs = app.call("GET", f"{name}/runs").json()["value"]
    properties: dict[str, Any] = runs[0]["properties"] if runs else {}
    return properties if properties.get("endTime") else None
