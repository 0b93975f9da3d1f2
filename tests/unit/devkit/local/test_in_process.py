from __future__ import annotations

import threading
from sqlite3 import OperationalError
from typing import TYPE_CHECKING

import httpx
import pytest
from azure.identity import ManagedIdentityCredential

from devkit.local.in_process import InProcessAzure

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azurite import Azurite

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


def test_one_that_cannot_start_leaves_no_thread(azurite: Azurite, tmp_path: Path) -> None:
    (tmp_path / "azure.db").mkdir()  # a database cannot be there
    before = threading.active_count()
    with pytest.raises(OperationalError), InProcessAzure(azurite, tmp_path):
        pytest.fail("it started")
    assert threading.active_count() == before


def requests(azure: InProcessAzure) -> list[str]:
    listing = httpx.get(f"{azure.http_url}/_local/requests", trust_env=False).json()
    return [request["path"] for request in listing["requests"]]
