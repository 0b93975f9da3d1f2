"""Rules of Resource Manager's for every provider: api-versions, errors, pages, throttling, URLs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest
from azure.core.exceptions import ResourceNotFoundError

from kiln import blobs
from kiln.ids import TemplateId
from kiln.runs.documents import CONTAINER, Documents
from kiln.runs.templates import Templates
from tests.contract.kiln_api.conftest import SUBSCRIPTION, sdk_at, serve_stand_in, template_body, template_path
from tests.contract.kiln_api.wire import code, put, ready
from triggers.paging import PAGE_SIZE

if TYPE_CHECKING:
    from pathlib import Path

    from azure.mgmt.imagebuilder import ImageBuilderClient

    from devkit.local.in_process import InProcessAzure


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (None, "MissingApiVersionParameter"),
        ("2019-05-01-preview", "InvalidApiVersionParameter"),
        ("2030-01-01", "InvalidApiVersionParameter"),
    ],
)
def test_every_route_wants_a_stable_api_version(
    served: str, signed_in: dict[str, str], version: str | None, expected: str
) -> None:
    query = {"api-version": version} if version else {}
    for route in ("", "/runs", "/runOutputs"):
        url = httpx.URL(f"{served}{template_path('any', 'web')}{route}", params=query)
        answer = httpx.get(url, headers=signed_in)
        assert (answer.status_code, code(answer)) == (400, expected)
        assert "2025-10-01" in answer.json()["error"]["message"]


def test_a_preview_is_refused_with_the_nearest_stable_api_version(served: str, signed_in: dict[str, str]) -> None:
    query = {"API-Version": "2021-10-01-preview", "unknown": "ignored"}
    answer = httpx.get(f"{served}{template_path('any', 'web')}", params=query, headers=signed_in)
    assert "nearest supported one is 2021-10-01" in answer.json()["error"]["message"]
    query["API-Version"] = "2021-10-01"
    known = httpx.get(f"{served}{template_path('any', 'web')}", params=query, headers=signed_in)
    assert known.status_code == 404


def test_a_body_that_is_not_json_is_refused_with_its_place(http: httpx.Client, group: str) -> None:
    response = http.put(template_path(group, "web"), content=b'{\n  "location": }')
    assert (response.status_code, code(response)) == (400, "InvalidRequestContent")
    assert "line 2, column 15" in response.json()["error"]["message"]


@pytest.mark.parametrize("location", ["/etc/../x", "..", "west_europe"])
def test_a_location_that_cannot_be_one_is_refused_before_anything_is_stored(
    http: httpx.Client, group: str, location: str
) -> None:
    response = http.put(template_path(group, "web"), json={**template_body(), "location": location})
    assert (response.status_code, code(response)) == (400, "ValidationFailed")
    (detail,) = response.json()["error"]["details"]
    assert detail["target"] == "location"
    assert http.get(template_path(group, "web")).status_code == 404


def test_a_body_over_the_limit_is_refused(http: httpx.Client, group: str) -> None:
    body = {**template_body(), "tags": {"long": "x" * (4 * 1024 * 1024)}}
    response = http.put(template_path(group, "web"), json=body)
    assert (response.status_code, code(response)) == (413, "RequestContentTooLarge")


def test_a_body_in_chunks_is_refused_and_not_taken_for_none(http: httpx.Client, group: str) -> None:
    for method, path in (("PUT", template_path(group, "web")), ("POST", template_path(group, "web") + "/run")):
        response = http.request(method, path, content=iter([b"{}"]))
        assert (response.status_code, code(response)) == (411, "LengthRequired")


def test_names_that_arm_refuses_are_refused(http: httpx.Client, group: str) -> None:
    assert code(http.get(template_path(group, "a b"))) == "InvalidResourceName"
    assert code(http.get(template_path("ends.", "web"))) == "InvalidResourceGroupName"
    assert code(http.get(template_path(group, "web").replace(SUBSCRIPTION, "mine"))) == "InvalidSubscriptionId"


def test_every_answer_carries_trace_ids(http: httpx.Client, group: str) -> None:
    sent = {"x-ms-client-request-id": "mine", "x-ms-correlation-request-id": "ours"}
    response = http.get(template_path(group, "nothing"), headers=sent)
    assert response.status_code == 404
    assert response.headers["x-ms-client-request-id"] == "mine"
    assert response.headers["x-ms-correlation-request-id"] == "ours"
    assert response.headers["x-ms-request-id"] not in {"", "mine", "ours"}


def test_long_lists_come_in_pages_that_the_sdk_follows(
    http: httpx.Client,
    sdk: ImageBuilderClient,
    group: str,
    azure_environment: InProcessAzure,
    signed_in: dict[str, str],
) -> None:
    path = ready(http, group)
    account = blobs.account(azure_environment.environment("kilnapi")["KILN_STATE_ENDPOINT"])
    templates = Templates(Documents(account.get_container_client(CONTAINER)))
    first = templates.require(TemplateId.parse(path))
    others = [f"t{number:03}" for number in range(PAGE_SIZE + 20)]
    with ThreadPoolExecutor() as writers:
        records = [first.model_copy(update={"id": first.id.model_copy(update={"name": name})}) for name in others]
        list(writers.map(templates.create, records))

    page = http.get(template_path(group, "x").rsplit("/", 1)[0]).json()
    assert len(page["value"]) == PAGE_SIZE
    assert "api-version=2025-10-01" in page["nextLink"]
    assert [item["name"] for item in httpx.get(page["nextLink"], headers=signed_in).json()["value"]] == [
        *others[PAGE_SIZE:],
        "web",
    ]
    assert [item.name for item in sdk.virtual_machine_image_templates.list_by_resource_group(group)] == [*others, "web"]
    wrong = http.get(template_path(group, "x").rsplit("/", 1)[0], params={"$skiptoken": "nonsense!"})
    assert (wrong.status_code, code(wrong)) == (400, "InvalidParameter")


@pytest.mark.parametrize(
    ("method", "path", "status", "expected"),
    [
        ("GET", "/nonsense", 404, "InvalidResourceType"),
        ("DELETE", "/run", 405, "MethodNotAllowed"),
        ("PUT", "/runs/20261122-022112-00000001/log", 405, "MethodNotAllowed"),
    ],
)
def test_paths_that_nothing_serves_are_refused_in_arms_shape(
    served: str, signed_in: dict[str, str], group: str, method: str, path: str, status: int, expected: str
) -> None:
    url, query = f"{served}{template_path(group, 'web')}{path}", {"api-version": "2025-10-01"}
    answer = httpx.request(method, url, params=query, headers=signed_in)
    assert (answer.status_code, code(answer)) == (status, expected)
    assert answer.headers["x-ms-request-id"]
    assert ("Allow" in answer.headers) == (status == 405)


def test_paths_of_other_providers_are_refused_in_arms_shape(served: str, signed_in: dict[str, str]) -> None:
    query = {"api-version": "2025-10-01"}
    for path in ("/providers/Microsoft.Nothing", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg", "/subscriptions"):
        answer = httpx.get(f"{served}{path}", params=query, headers=signed_in)
        assert (answer.status_code, code(answer)) == (404, "InvalidResourceType")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json; charset=utf-8", 201), ("text/json", 201), ("application/merge-patch+json", 201)]
    + [(other, 415) for other in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json")],
)
def test_a_body_is_json_and_says_so(http: httpx.Client, group: str, content_type: str, status: int) -> None:
    body = json.dumps(template_body()).encode()
    answer = http.put(template_path(group, "web"), content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status
    if status == 415:
        assert code(answer) == "UnsupportedMediaType"


def test_every_answer_tells_how_many_requests_are_left(http: httpx.Client, group: str) -> None:
    reads = http.get(template_path(group, "web"))
    assert 0 <= int(reads.headers["x-ms-ratelimit-remaining-subscription-reads"]) < 250
    writes = put(http, group)
    assert 0 <= int(writes.headers["x-ms-ratelimit-remaining-subscription-writes"]) < 200
    deletes = http.delete(template_path(group, "web"))
    assert 0 <= int(deletes.headers["x-ms-ratelimit-remaining-subscription-deletes"]) < 200


def test_who_asks_too_often_gets_429_and_the_sdk_waits_and_asks_again(
    local_azure: InProcessAzure, admin: str, signed_in: dict[str, str], tmp_path: Path, group: str
) -> None:
    environment = {**local_azure.environment("kilnapi"), "KILN_RATE_LIMIT": "0.02"}  # 5 reads, then one in 2 s
    with serve_stand_in(tmp_path, environment) as address:
        path = template_path(group, "web")
        url, query = f"{address}{path}", {"api-version": "2025-10-01"}
        statuses = [httpx.get(url, params=query, headers=signed_in) for _ in range(8)]
        refused = [answer for answer in statuses if answer.status_code == 429]
        assert refused
        assert code(refused[0]) == "TooManyRequests"
        assert int(refused[0].headers["Retry-After"]) in {1, 2}
        with sdk_at(address, admin) as sdk, pytest.raises(ResourceNotFoundError):
            sdk.virtual_machine_image_templates.get(group, "web")


def test_an_older_api_version_is_not_shown_what_it_does_not_have(http: httpx.Client, group: str) -> None:
    path = ready(http, group)
    http.put(path, json=template_body(errorHandling={"onCustomizerError": "abort"}))
    newest = http.get(path).json()["properties"]
    older = http.get(path, params={"api-version": "2022-07-01"}).json()["properties"]
    assert newest["errorHandling"] == {"onCustomizerError": "abort"}
    assert "errorHandling" not in older
    assert "exactStagingResourceGroup" in older
    triggers = http.get(f"{path}/triggers", params={"api-version": "2021-10-01"})
    assert (triggers.status_code, code(triggers)) == (404, "InvalidResourceType")


def test_urls_follow_the_clients_own_host_and_api_version(http: httpx.Client, group: str) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "attacker.example", "Host": "localhost:81"}
    response = http.put(
        template_path(group, "web"), json=template_body(), headers=forwarded, params={"api-version": "2024-02-01"}
    )
    url = response.headers["Azure-AsyncOperation"]
    assert url.startswith("https://localhost:81/subscriptions/")
    assert url.endswith("?api-version=2024-02-01")
