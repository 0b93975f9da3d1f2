from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from devkit.azure.server import Tls
from tests.contract.azure import bodies
from tests.contract.azure.harness import SEEDED, SUBSCRIPTION, Harness

if TYPE_CHECKING:
    from pathlib import Path

    from devkit.azurite import Azurite

GROUP = bodies.group_id("rg")
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_an_unknown_route_is_refused_by_name(cloud: Harness) -> None:
    path = f"{SEEDED}/providers/Microsoft.Web/sites/x"
    answer = cloud.http("PUT", path, json={})
    assert error(answer) == (501, "EmulatorUnsupported")
    assert f"PUT {path}" in answer.json()["error"]["message"]
    assert error(cloud.http("PATCH", NETWORK)) == (501, "EmulatorUnsupported")


def test_an_unknown_property_is_refused_with_its_path_but_tags_pass(cloud: Harness) -> None:
    assert cloud.put(GROUP, {"location": "westeurope"}).status_code == 201
    body = bodies.network()
    body["tags"] = {"anything": "goes"}
    body["properties"]["subnets"][0]["properties"]["noSuchThing"] = 1
    answer = cloud.put(NETWORK, body)
    assert error(answer) == (400, "InvalidRequestContent")
    assert answer.json()["error"]["target"] == "properties.subnets[0].properties.noSuchThing"


def test_a_missing_or_ill_formed_api_version_is_refused(cloud: Harness) -> None:
    assert error(cloud.http("GET", SEEDED, params={})) == (400, "MissingApiVersionParameter")
    assert error(cloud.http("GET", SEEDED, params={"api-version": "latest"})) == (400, "InvalidApiVersionParameter")
    for version in ("2018-02-01", "2031-01-01", "2025-01-01-preview"):
        assert cloud.http("GET", SEEDED, params={"api-version": version}).status_code == 200
    cloud.recorder.take()  # the local Azure takes any well-formed version, also those with no stored specification


def test_arm_wants_a_bearer_token(cloud: Harness) -> None:
    answer = cloud.http("GET", SEEDED, headers={"Authorization": ""})
    assert error(answer) == (401, "AuthenticationFailed")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_bodies_that_are_no_json_are_refused(cloud: Harness) -> None:
    assert error(cloud.http("PUT", GROUP, content=b"{no")) == (400, "InvalidRequestContent")


def test_double_slashes_and_case_of_fixed_parts_do_not_matter(cloud: Harness) -> None:
    path = f"/subscriptions/{SUBSCRIPTION}/resourcegroups/RG-images/providers/microsoft.compute//galleries/Gallery"
    assert cloud.http("GET", path).json()["id"] == f"{SEEDED}/providers/Microsoft.Compute/galleries/gallery"


def test_absolute_urls_follow_the_address_that_the_client_used(cloud: Harness) -> None:
    cloud.put(GROUP, {"location": "westeurope"})
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "management.azure.com"}
    answer = cloud.http("PUT", NETWORK, json=bodies.network(), headers=forwarded)
    assert answer.headers["Azure-AsyncOperation"].startswith("https://management.azure.com/subscriptions/")
    answer = cloud.http("DELETE", NETWORK, headers={"Host": "localhost:81"})
    assert answer.headers["Location"].startswith("http://localhost:81/subscriptions/")


def test_a_create_only_put_is_refused_when_the_resource_exists(cloud: Harness) -> None:
    bodies.stage(cloud)
    machine, body = f"{bodies.group_id('rg')}/providers/Microsoft.Compute/virtualMachines/vm", bodies.machine("rg")
    headers = {"If-None-Match": "*"}
    assert cloud.http("PUT", machine, json=body, headers=headers).status_code == 201
    assert error(cloud.http("PUT", machine, json=body, headers=headers)) == (412, "PreconditionFailed")
    assert error(cloud.http("PUT", machine, json=body, headers={"If-None-Match": "x"}))[0] == 400


@pytest.mark.parametrize("header", ["If-None-Match", "If-Match"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_condition_that_azure_does_not_document_is_refused_by_name(cloud: Harness, method: str, header: str) -> None:
    answer = cloud.http(method, SEEDED, json={"location": "westeurope"}, headers={header: "*"})

    assert error(answer) == (501, "EmulatorUnsupported")
    assert header in answer.json()["error"]["message"]


def test_one_port_serves_http_and_https(tmp_path: Path, azurite: Azurite) -> None:
    certificates = azurite.certificates
    tls = Tls(certificates.certificate, certificates.key)
    cloud = Harness(tmp_path, azurite.accounts, tls=tls)
    try:
        trust = ssl.create_default_context(cafile=str(certificates.ca))
        headers, params = {"Authorization": "Bearer x"}, {"api-version": "2024-07-01"}
        for scheme in ("https", "http", "https"):
            url = f"{scheme}://127.0.0.1:{cloud.port}"
            with httpx.Client(verify=trust, trust_env=False, headers=headers, params=params) as client:
                client.put(url + GROUP, json={"location": "westeurope"}).raise_for_status()
                assert client.delete(url + GROUP).headers["Location"].startswith(url)
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"https://127.0.0.1:{cloud.port}", trust_env=False)
        assert cloud.http("GET", SEEDED).status_code == 200
    finally:
        cloud.stop()


def test_every_request_is_listed_with_status_and_time_and_without_its_query(cloud: Harness) -> None:
    cloud.http("GET", SEEDED, params={"api-version": "2024-07-01", "secret": "planted-Secret-3"})
    cloud.http("GET", GROUP)
    log = cloud.local("GET", "requests")
    assert log["count"] == 2
    assert [(entry["method"], entry["path"], entry["status"]) for entry in log["requests"]] == [
        ("GET", SEEDED, 200),
        ("GET", GROUP, 404),
    ]
    assert log["requests"][0]["api_version"] == "2024-07-01"
    assert log["requests"][0]["milliseconds"] >= 0
    assert "planted-Secret-3" not in json.dumps(log)
    cloud.local("DELETE", "requests")
    assert cloud.local("GET", "requests")["count"] == 0
    cloud.recorder.take()  # with a query parameter that no specification has


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example:7072"},
        {"Host": "127.0.0.1.attacker.example"},
        {"Host": "localhost", "Origin": "https://attacker.example"},
        {"Host": "localhost:7072", "Origin": "http://localhost:3000"},
        {"Host": "localhost", "Origin": "null"},
        {"Host": "localhost", "Sec-Fetch-Site": "cross-site"},
        {"Host": "localhost", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_no_page_in_a_browser_gets_a_token_or_changes_anything(cloud: Harness, headers: dict[str, str]) -> None:
    ways = [
        ("POST", "/_local/tokens", {"audience": "api://kiln"}),
        ("PUT", "//_local/faults", []),
        ("GET", "/msi/token?resource=https://management.azure.com", None),
        ("GET", "/subscriptions?api-version=2022-12-01", None),
        ("POST", "/eventgrid/westeurope/topic/api/events?api-version=2018-01-01", []),
    ]
    for method, path, body in ways:
        answer = httpx.request(
            method, f"{cloud.url}{path}", json=body, headers={**headers, "Authorization": "Bearer x"}
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (421, "MisdirectedRequest"), path


def test_a_page_that_is_served_here_and_a_person_are_answered(cloud: Harness) -> None:
    for headers in (
        {"Origin": cloud.url, "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "eventgrid.azure.net"},
        {},
    ):
        assert httpx.get(f"{cloud.url}/_local/requests", headers=headers).status_code == 200
