"""Checks a whole build's requests and answers against Microsoft's OpenAPI, where that is at hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.azure import bodies
from tests.contract.azure.harness import SEEDED, SUBSCRIPTION

if TYPE_CHECKING:
    from tests.contract.azure.harness import Harness

_SHARED = Path(__file__).parents[4] / "shared"
_VALIDATOR = _SHARED / "tools" / "armvalidate.py"
_GROUP = bodies.group_id("rg")
_NETWORK = f"{_GROUP}/providers/Microsoft.Network"
_COMPUTE = f"{_GROUP}/providers/Microsoft.Compute"
_GALLERY = f"{SEEDED}/providers/Microsoft.Compute/galleries/gallery"
_LOCATION = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westeurope/publishers"
_ACCOUNT = f"{_GROUP}/providers/Microsoft.Storage/storageAccounts/kilnspec"
# The api-versions whose specifications are stored.
NETWORK, COMPUTE, DISK, GALLERY, STORAGE, RESOURCES = (
    "2024-05-01",
    "2024-07-01",
    "2024-03-02",
    "2024-03-03",
    "2023-05-01",
    "2024-07-01",
)


@pytest.fixture(scope="module")
def specification() -> Any:
    if not _VALIDATOR.is_file():
        pytest.skip(f"{_VALIDATOR} is not there")
    pytest.importorskip("jsonschema")
    found = importlib.util.spec_from_file_location("armvalidate", _VALIDATOR)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.Specs(_SHARED / "reference" / "openapi")


def test_a_builds_calls_are_as_microsofts_specifications_have_them(  # noqa: PLR0915  # a build is a long list of calls
    cloud: Harness, specification: Any
) -> None:
    problems: list[str] = []

    def call(method: str, path: str, version: str, body: Any = None, **query: str) -> None:
        query = {"api-version": version, **{f"${name}": value for name, value in query.items()}}
        answer = cloud.http(method, path, params=query, **({"json": body} if body is not None else {}))
        shown = answer.json() if answer.content else None
        headers = dict(answer.headers)
        _, errors = specification.validate(method, path, query, body, answer.status_code, shown, headers)
        problems.extend(f"{method} {path} {answer.status_code}: {error}" for error in errors)
        assert answer.status_code < 400, answer.text
        if "location" in answer.headers or "azure-asyncoperation" in answer.headers:
            url = answer.headers.get("azure-asyncoperation") or answer.headers["location"]
            settle(url.removeprefix(cloud.url).split("?")[0])

    def settle(path: str) -> None:
        while (answer := cloud.http("GET", path)).status_code == 202 or (
            answer.content and answer.json().get("status") == "InProgress"
        ):
            continue

    version = bodies.version(f"{_COMPUTE}/virtualMachines/vm", "westeurope", "northeurope")
    grant = {"access": "Read", "durationInSeconds": 600}
    account = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {}}
    call("PUT", _GROUP, RESOURCES, {"location": "westeurope"})
    call("GET", _GROUP, RESOURCES)
    call("PUT", f"{_NETWORK}/networkSecurityGroups/nsg", NETWORK, {"location": "westeurope"})
    call("PUT", f"{_NETWORK}/virtualNetworks/net", NETWORK, bodies.network())
    call("GET", f"{_NETWORK}/virtualNetworks/net", NETWORK)
    call("PUT", f"{_NETWORK}/networkInterfaces/nic", NETWORK, bodies.interface("rg"))
    call("GET", f"{_NETWORK}/networkInterfaces/nic", NETWORK)
    call("PUT", _ACCOUNT, STORAGE, account)
    call("GET", _ACCOUNT, STORAGE)
    call("GET", _LOCATION, COMPUTE)
    skus = f"{_LOCATION}/Debian/artifacttypes/vmimage/offers/debian-12/skus"
    call("GET", skus, COMPUTE)
    call("GET", f"{skus}/12-gen2/versions", COMPUTE, top="1", orderby="name desc")
    call("GET", f"{skus}/12-gen2/versions/0.20250911.2232", COMPUTE)
    call("PUT", f"{_COMPUTE}/virtualMachines/vm", COMPUTE, bodies.machine("rg"))
    call("GET", f"{_COMPUTE}/virtualMachines/vm", COMPUTE, expand="instanceView")
    call("PUT", f"{_COMPUTE}/virtualMachines/vm/runCommands/one", COMPUTE, bodies.script("true", timeoutInSeconds=60))
    call("GET", f"{_COMPUTE}/virtualMachines/vm/runCommands/one", COMPUTE, expand="instanceView")
    call("GET", f"{_COMPUTE}/virtualMachines/vm/runCommands", COMPUTE)
    call("DELETE", f"{_COMPUTE}/virtualMachines/vm/runCommands/one", COMPUTE)
    call("POST", f"{_COMPUTE}/virtualMachines/vm/restart", COMPUTE)
    call("POST", f"{_COMPUTE}/virtualMachines/vm/deallocate", COMPUTE)
    call("POST", f"{_COMPUTE}/virtualMachines/vm/generalize", COMPUTE)
    call("GET", f"{_COMPUTE}/virtualMachines/vm/instanceView", COMPUTE)
    call("GET", f"{_COMPUTE}/disks/disk", DISK)
    call("POST", f"{_COMPUTE}/disks/disk/beginGetAccess", DISK, grant)
    call("POST", f"{_COMPUTE}/disks/disk/endGetAccess", DISK)
    image = {"location": "westeurope", "properties": {"sourceVirtualMachine": {"id": f"{_COMPUTE}/virtualMachines/vm"}}}
    call("PUT", f"{_COMPUTE}/images/golden", COMPUTE, image)
    call("GET", f"{_COMPUTE}/images/golden", COMPUTE)
    call("GET", _GALLERY, GALLERY)
    call("GET", f"{_GALLERY}/images/hello", GALLERY)
    call("PUT", f"{_GALLERY}/images/hello/versions/1.0.0", GALLERY, version)
    call("GET", f"{_GALLERY}/images/hello/versions/1.0.0", GALLERY, expand="ReplicationStatus")
    call("GET", f"{_GALLERY}/images/hello/versions", GALLERY)
    call("DELETE", f"{_COMPUTE}/virtualMachines/vm", COMPUTE)
    call("DELETE", f"{_GALLERY}/images/hello/versions/1.0.0", GALLERY)
    call("DELETE", _ACCOUNT, STORAGE)
    call("DELETE", _GROUP, RESOURCES)
    assert "\n".join(problems) == ""
