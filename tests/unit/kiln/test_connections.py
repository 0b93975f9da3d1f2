"""Clients read the environment's proxy and authorities once, and netrc never."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from azure.core.pipeline.policies import ProxyPolicy
from azure.core.pipeline.transport import RequestsTransport

from kiln.connections import connecting_to

if TYPE_CHECKING:
    from pathlib import Path

ENDPOINT = "https://kiln.blob.core.windows.net"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without proxies and authorities."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


def session(options: dict[str, Any]) -> Any:
    with RequestsTransport(**options) as transport:
        return transport.session


@pytest.mark.usefixtures("environment")
def test_without_any_the_public_authorities_count_and_no_proxy() -> None:
    options = connecting_to(ENDPOINT)
    assert (options["connection_verify"], options["proxies"]) == (True, {})


def test_the_environments_proxy_and_authorities_count(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "http://proxy.contoso.com:3128")
    environment.setenv("REQUESTS_CA_BUNDLE", "/certificates/contoso.pem")
    options = connecting_to(ENDPOINT)
    assert ProxyPolicy(**options).proxies == {"https": "http://proxy.contoso.com:3128"}
    assert RequestsTransport(**options).connection_config.verify == "/certificates/contoso.pem"


def test_a_host_that_no_proxy_is_for_is_reached_without(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "http://proxy.contoso.com:3128")
    environment.setenv("NO_PROXY", "kiln.blob.core.windows.net")
    assert connecting_to(ENDPOINT)["proxies"] == {}


def test_a_password_in_netrc_does_not_replace_the_token(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine kiln.blob.core.windows.net login mallory password stolen\n")
    environment.setenv("NETRC", str(netrc))
    import requests

    request = requests.Request("GET", ENDPOINT, headers={"Authorization": "Bearer token"})
    assert session({}).prepare_request(request).headers["Authorization"] != "Bearer token"  # as the SDK is by itself
    assert session(connecting_to(ENDPOINT)).prepare_request(request).headers["Authorization"] == "Bearer token"
