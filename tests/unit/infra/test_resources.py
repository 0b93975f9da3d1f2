"""The deployed resources: known api-versions, and no access but by identity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.unit.infra.bicep_file import INFRA, BicepFile, Declared, files, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

API_VERSIONS = {
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Authorization/roleDefinitions": "2022-04-01",
    "Microsoft.EventGrid/systemTopics": "2025-02-15",
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": "2025-02-15",
    "Microsoft.EventGrid/topics": "2025-02-15",
    "Microsoft.EventGrid/topics/eventSubscriptions": "2025-02-15",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "2023-01-31",
    "Microsoft.OperationalInsights/workspaces": "2023-09-01",
    "Microsoft.Resources/resourceGroups": "2024-07-01",
    "Microsoft.Storage/storageAccounts": "2023-05-01",
    "Microsoft.Storage/storageAccounts/blobServices": "2023-05-01",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "2023-05-01",
    "Microsoft.Web/serverfarms": "2024-04-01",
    "Microsoft.Web/sites": "2024-04-01",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "2024-04-01",
    "Microsoft.Web/sites/config": "2024-04-01",
}
"""Known api-versions by type, each a folder `stable/<version>` of its provider in Azure/azure-rest-api-specs."""

CLOSED = {
    "Microsoft.EventGrid/topics": {"disableLocalAuth": "true", "minimumTlsVersionAllowed": "'1.2'"},
    "Microsoft.Insights/components": {"DisableLocalAuth": "true"},
    "Microsoft.OperationalInsights/workspaces": {"features.disableLocalAuth": "true"},
    "Microsoft.Storage/storageAccounts": {
        "allowBlobPublicAccess": "false",
        "allowSharedKeyAccess": "false",
        "minimumTlsVersion": "'TLS1_2'",
        "supportsHttpsTrafficOnly": "true",
    },
    "Microsoft.Web/sites": {
        "httpsOnly": "true",
        "siteConfig.minTlsVersion": "'1.2'",
        "siteConfig.scmMinTlsVersion": "'1.2'",
    },
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"allow": "false"},
}
SECRETS = re.compile(
    r"listKeys|listSecrets|listConnectionString|AccountKey|SharedAccessSignature|primaryKey|\bkey1\b", re.IGNORECASE
)


def made() -> Iterator[tuple[BicepFile, Declared]]:
    for file in files():
        for resource in file.resources:
            if not resource.existing:
                yield file, resource


def values(file: BicepFile, name: str) -> list[Node]:
    """Return all values of a property, wherever it stands in the file."""
    pairs = (node.named_children for node in walk(file.root) if node.type == "object_property")
    return [pair[1] for pair in pairs if file.key(pair[0]) == name]


def test_every_resource_has_the_api_version_that_is_known_for_its_type() -> None:
    used = {resource.type: resource.version for file in files() for resource in file.resources}

    assert used == API_VERSIONS


@pytest.mark.parametrize("kind", sorted(CLOSED))
def test_what_can_be_closed_is_closed(kind: str) -> None:
    found = [(file, resource) for file, resource in made() if resource.type == kind]
    assert found

    for file, resource in found:
        for path, expected in CLOSED[kind].items():
            value = file.property(resource.body, "properties", *path.split("."))
            assert value is not None, f"{resource.symbol}.{path}"
            assert file.text(value) == expected, f"{resource.symbol}.{path}"


def test_no_file_reads_a_key_or_makes_a_public_address() -> None:
    for path in (*INFRA.rglob("*.bicep"), *INFRA.rglob("*.json"), *INFRA.rglob("*.sh"), *INFRA.rglob("*.ps1")):
        text = path.read_text()
        assert SECRETS.search(text) is None, path
        assert "publicIPAddress" not in text, path


def test_a_connection_string_is_application_insights_own_alone_which_takes_no_key() -> None:
    found = [
        (file.path.name, file.text(node))
        for file in files()
        for node in walk(file.root)
        if node.type == "property_identifier" and "connectionstring" in file.text(node).lower()
    ]

    assert found == [("settings.bicep", "ConnectionString")]


def test_the_platform_lets_through_what_kiln_checks_by_itself() -> None:
    file = BicepFile(INFRA / "modules/sign-in.bicep")
    (auth,) = (resource for resource in file.resources if not resource.existing)
    validation = file.property(auth.body, "properties", "globalValidation")
    assert validation is not None

    assert [file.text(value) for value in values(file, "requireAuthentication")] == ["false"]
    assert [file.text(value) for value in values(file, "unauthenticatedClientAction")] == ["'AllowAnonymous'"]
    # It stays switched on: it removes headers that a client may not set itself.
    assert [file.text(value) for value in values(file, "platform")] == ["{ enabled: true, runtimeVersion: '~1' }"]


def test_a_storage_connection_of_the_host_is_by_identity_for_each_service_that_durable_uses() -> None:
    file = BicepFile(INFRA / "modules/settings.bicep")
    (settings,) = (resource for resource in file.resources if not resource.existing)
    properties = file.property(settings.body, "properties")
    assert properties is not None

    assert {key for key in file.keys(properties) if key.startswith("AzureWebJobsStorage")} == {
        f"AzureWebJobsStorage__{name}"
        for name in ("blobServiceUri", "queueServiceUri", "tableServiceUri", "credential", "clientId")
    }


def test_every_resource_that_can_have_tags_has_them() -> None:
    taggable = {
        *("Microsoft.EventGrid/systemTopics", "Microsoft.EventGrid/topics", "Microsoft.Insights/components"),
        *("Microsoft.ManagedIdentity/userAssignedIdentities", "Microsoft.OperationalInsights/workspaces"),
        *("Microsoft.Resources/resourceGroups", "Microsoft.Storage/storageAccounts"),
        *("Microsoft.Web/serverfarms", "Microsoft.Web/sites"),
    }

    for file, resource in made():
        assert (file.property(resource.body, "tags") is not None) == (resource.type in taggable), resource.symbol
