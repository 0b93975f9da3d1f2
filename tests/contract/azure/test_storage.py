from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from tests.contract.azure import bodies
from tests.contract.azure.harness import Harness, refused

if TYPE_CHECKING:
    from typing import Any


BODY: Any = {
    "location": "westeurope",
    "kind": "StorageV2",
    "sku": {"name": "Standard_LRS"},
    "properties": {"allowSharedKeyAccess": False, "allowBlobPublicAccess": False, "minimumTlsVersion": "TLS1_2"},
}


@pytest.fixture(autouse=True)
def group(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})


def test_an_account_is_made_with_a_real_blob_service_behind_it(cloud: Harness) -> None:
    accounts = cloud.storages.storage_accounts
    made = accounts.begin_create("rg", "kilnone", BODY).result()
    assert made.provisioning_state == "Succeeded"
    assert made.allow_shared_key_access is False
    endpoint = made.primary_endpoints.blob if made.primary_endpoints else None
    assert endpoint == cloud.storage.endpoint("kilnone") + "/"
    keys = accounts.list_keys("rg", "kilnone").keys_property or []
    with BlobServiceClient(endpoint, keys[0].value, connection_verify=str(cloud.storage.ca_file)) as service:
        service.create_container("data").upload_blob("b", b"data")
        accounts.delete("rg", "kilnone")
    with pytest.raises(ResourceNotFoundError):
        accounts.get_properties("rg", "kilnone")
    accounts.begin_create("rg", "kilnone", BODY).result()
    key = (accounts.list_keys("rg", "kilnone").keys_property or [])[0].value
    with BlobServiceClient(endpoint, key, connection_verify=str(cloud.storage.ca_file)) as service:
        assert list(service.list_containers()) == []


def test_a_new_account_answers_202_with_location_alone_and_a_repeated_put_200(cloud: Harness) -> None:
    path = f"{bodies.group_id('rg')}/providers/Microsoft.Storage/storageAccounts/kilntwo"
    first = cloud.put(path, BODY)
    assert (first.status_code, first.content) == (202, b"")
    assert "Azure-AsyncOperation" not in first.headers
    polled = cloud.http("GET", first.headers["Location"].removeprefix(cloud.url).split("?")[0])
    assert polled.json()["properties"]["provisioningState"] == "Succeeded"
    assert cloud.put(path, BODY).status_code == 200


def test_names_are_checked_and_unique_everywhere(cloud: Harness) -> None:
    accounts = cloud.storages.storage_accounts
    cloud.resources.resource_groups.create_or_update("other", {"location": "westeurope"})
    accounts.begin_create("rg", "kilnthree", BODY).result()
    for group, name, status, code in (
        ("other", "kilnthree", 409, "StorageAccountAlreadyTaken"),
        ("rg", "Not-Valid", 400, "AccountNameInvalid"),
        ("rg", "ab", 400, "AccountNameInvalid"),
    ):
        answer = cloud.put(f"{bodies.group_id(group)}/providers/Microsoft.Storage/storageAccounts/{name}", BODY)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    check = {"type": "Microsoft.Storage/storageAccounts"}
    assert accounts.check_name_availability({"name": "kilnfree", **check}).name_available
    taken = accounts.check_name_availability({"name": "kilnthree", **check})
    assert (taken.name_available, taken.reason) == (False, "AlreadyExists")


def test_a_container_can_be_made_by_the_management_api(cloud: Harness) -> None:
    cloud.storages.storage_accounts.begin_create("rg", "kilnfour", BODY).result()
    assert cloud.storages.blob_containers.create("rg", "kilnfour", "vhds", {}).name == "vhds"
    refused(lambda: cloud.storages.blob_containers.create("rg", "nosuch", "vhds", {}), "ParentResourceNotFound")


def test_an_account_says_where_the_blob_server_is_today(cloud: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = cloud.storages.storage_accounts
    accounts.begin_create("rg", "kilnmoved", BODY).result()

    monkeypatch.setattr(cloud.storage, "origin", "https://127.0.0.1:1")

    found = accounts.get_properties("rg", "kilnmoved").primary_endpoints
    assert found is not None
    assert found.blob == "https://127.0.0.1:1/kilnmoved/"
    monkeypatch.undo()
