from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from azure.identity import ManagedIdentityCredential

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure

pytestmark = pytest.mark.sockets


def test_one_port_speaks_http_and_https(local_azure: InProcessAzure) -> None:
    trust = local_azure.azurite.certificates.client_context()
    with httpx.Client(verify=trust, trust_env=False) as client:
        for url in (local_azure.url, local_azure.http_url):
            assert client.get(f"{url}/_local/resources").json()["count"] > 0


def test_the_apps_settings_give_it_a_token(azure_environment: InProcessAzure) -> None:
    before = len(requests(azure_environment))
    with ManagedIdentityCredential() as credential:
        assert credential.get_token("https://management.azure.com/.default").token
    assert requests(azure_environment)[before:] == ["/msi/token"]


def requests(azure: InProcessAzure) -> list[str]:
    listing = httpx.get(f"{azure.http_url}/_local/requests", trust_env=False).json()
    return [request["path"] for request in listing["requests"]]
