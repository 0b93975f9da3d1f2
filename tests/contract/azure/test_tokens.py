from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from azure.identity import ClientSecretCredential, DefaultAzureCredential, ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from devkit.azure.server import Tls
from tests.contract.azure.harness import Harness

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azurite import Azurite

TENANT = "00000000-0000-0000-0000-00000000000a"


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


@pytest.fixture
def managed_identity(cloud: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{cloud.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header")


@pytest.mark.usefixtures("managed_identity")
@pytest.mark.parametrize("credential", [ManagedIdentityCredential, DefaultAzureCredential])
def test_azure_identity_gets_tokens_as_in_app_service(credential: Any) -> None:
    with credential() as made:
        token = made.get_token("https://management.azure.com/.default")
    found = claims(token.token)
    assert (found["aud"], found["tid"]) == ("https://management.azure.com", TENANT)
    assert found["iss"] == f"https://sts.windows.net/{TENANT}/"
    assert found["exp"] == token.expires_on


@pytest.mark.usefixtures("managed_identity")
def test_azurite_takes_these_tokens(azurite: Azurite) -> None:
    azurite.accounts.create("kilntokens")
    with (
        ManagedIdentityCredential() as credential,
        BlobServiceClient(
            azurite.accounts.endpoint("kilntokens"), credential, connection_verify=str(azurite.accounts.ca_file)
        ) as service,
    ):
        assert list(service.list_containers()) == []


def test_a_client_secret_gets_a_token_over_https(tmp_path: Path, azurite: Azurite) -> None:
    certificates = azurite.certificates
    cloud = Harness(tmp_path, azurite.accounts, tls=Tls(certificates.certificate, certificates.key))
    try:
        with ClientSecretCredential(
            TENANT,
            "client",
            "any secret",
            authority=f"https://127.0.0.1:{cloud.port}",
            disable_instance_discovery=True,
            connection_verify=str(certificates.ca),
        ) as credential:
            token = credential.get_token("https://management.azure.com/.default").token
        assert claims(token)["aud"] == "https://management.azure.com"
    finally:
        cloud.stop()


def test_the_clouds_metadata_is_one_object_at_its_own_address(cloud: Harness) -> None:
    found = cloud.http("GET", "/metadata/endpoints", params={"api-version": "2022-09-01"}).json()
    assert found["resourceManager"] == cloud.url
    assert found["authentication"]["loginEndpoint"] == cloud.url
