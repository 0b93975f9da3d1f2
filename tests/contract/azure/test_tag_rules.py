"""Tags of any resource: those that Azure refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.azure.harness import refused

if TYPE_CHECKING:
    from tests.contract.azure.harness import Harness

GOOD = {f"t{number}": "v" * 256 for number in range(48)} | {"n" * 512: "", "hidden-link:/a": "Resource"}
BAD = {
    "InvalidTagsCount": {f"t{number}": "" for number in range(51)},
    "InvalidTagName": {"n" * 513: ""},
    "InvalidTagNameCharacters": {"a/b": ""},
    "InvalidTagValueLength": {"a": "v" * 257},
}


@pytest.mark.parametrize("code", BAD)
def test_tags_beyond_the_limits_are_refused_of_a_group_and_of_a_resource(cloud: Harness, code: str) -> None:
    groups = cloud.resources.resource_groups
    groups.create_or_update("rg", {"location": "westeurope", "tags": GOOD})
    refused(lambda: groups.create_or_update("rg", {"location": "westeurope", "tags": BAD[code]}), code)
    refused(lambda: groups.update("rg", {"tags": BAD[code]}), code)
    network = {"location": "westeurope", "tags": BAD[code], "properties": {"addressSpace": {"addressPrefixes": []}}}
    refused(lambda: cloud.network.virtual_networks.begin_create_or_update("rg", "net", network), code)
    assert groups.get("rg").tags == GOOD


def test_names_that_differ_in_case_alone_are_one_name(cloud: Harness) -> None:
    body = {"location": "westeurope", "tags": {"a": "1", "A": "2"}}
    refused(lambda: cloud.resources.resource_groups.create_or_update("rg", body), "InvalidTagName")


def test_a_storage_account_has_shorter_names_of_tags(cloud: Harness) -> None:
    cloud.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "tags": {"n" * 129: ""}}
    refused(lambda: cloud.storages.storage_accounts.begin_create("rg", "tagged", body), "InvalidTagName")
