"""What the API says on the wire: statuses, headers, ARM's errors, conditions, and Kiln's own routes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body, template_path
from tests.waiting import until


def put(http: httpx.Client, group: str, does: str = "succeed", **headers: str) -> httpx.Response:
    return http.put(template_path(group, "web"), json=template_body(does), headers=headers)


def ready(http: httpx.Client, group: str, does: str = "succeed") -> str:
    """PUT a template and wait until its submission is over; return its path."""
    operation = put(http, group, does).headers["Azure-AsyncOperation"]
    until(lambda: http.get(operation).json()["status"] == "Succeeded")
    return template_path(group, "web")


def last_run(http: httpx.Client, group: str) -> dict[str, Any]:
    properties: dict[str, Any] = http.get(template_path(group, "web")).json()["properties"]
    status: dict[str, Any] = properties["lastRunStatus"]
    return status


def code(response: httpx.Response) -> str:
    return str(response.json()["error"]["code"])


def test_a_put_is_201_then_200_and_points_to_its_submission(http: httpx.Client, group: str) -> None:
    first, second = put(http, group), put(http, group, "fail")

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["properties"]["provisioningState"] == "Creating"
    assert second.json()["properties"]["provisioningState"] == "Updating"
    assert first.headers["Retry-After"] == "1"
    assert "Location" not in first.headers
    url = second.headers["Azure-AsyncOperation"]
    operation = until(lambda: (answer := http.get(url).json())["status"] == "Succeeded" and answer)
    assert operation["endTime"] >= operation["startTime"]
    assert (
        operation["id"]
        .lower()
        .startswith(
            f"/subscriptions/{SUBSCRIPTION}/providers/microsoft.virtualmachineimages/locations/westeurope/operations/"
        )
    )
    assert first.headers["ETag"] != second.headers["ETag"]


def test_urls_follow_the_clients_own_host_and_api_version(http: httpx.Client, group: str) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "kiln.example.com, inner"}
    response = http.put(
        template_path(group, "web"), json=template_body(), headers=forwarded, params={"api-version": "2024-02-01"}
    )
    url = response.headers["Azure-AsyncOperation"]
    assert url.startswith("https://kiln.example.com/subscriptions/")
    assert url.endswith("?api-version=2024-02-01")


def test_what_clients_echo_is_not_stored_and_what_they_send_is(http: httpx.Client, group: str) -> None:
    path = ready(http, group)
    shown = http.get(path).json()
    again = http.put(path, json=shown)
    assert again.status_code == 200
    assert again.json() == shown
    assert http.get(again.headers["Azure-AsyncOperation"]).json()["status"] == "Succeeded"
    assert [version["name"] for version in http.get(f"{path}/versions").json()["value"]] == ["1"]
    assert shown["properties"]["customize"] == template_body()["properties"]["customize"]


def test_paths_are_case_insensitive_and_the_first_spelling_stays(http: httpx.Client, group: str) -> None:
    put(http, group)
    shown = http.get(template_path(group, "web").upper())
    assert shown.status_code == 200
    assert shown.json()["id"] == template_path(group, "web")


def test_conditions_protect_what_somebody_else_wrote(http: httpx.Client, group: str) -> None:
    etag = put(http, group).headers["ETag"]

    exists = put(http, group, **{"If-None-Match": "*"})
    assert (exists.status_code, code(exists)) == (409, "Conflict")
    assert "Update/Upgrade of image templates is currently not supported" in exists.json()["error"]["message"]

    assert put(http, group, "wait", **{"If-Match": etag}).status_code == 200
    late = put(http, group, **{"If-Match": etag})
    assert (late.status_code, code(late)) == (412, "PreconditionFailed")
    assert http.delete(template_path(group, "web"), headers={"If-Match": etag}).status_code == 412
    assert http.delete(template_path(group, "web"), headers={"If-Match": f'"x", {etag}, *'}).status_code == 202


def test_an_etag_bears_with_submissions_and_runs(http: httpx.Client, group: str) -> None:
    etag = put(http, group).headers["ETag"]
    path = ready(http, group)
    http.post(f"{path}/run")
    until(lambda: last_run(http, group)["runState"] == "Succeeded")
    assert put(http, group, "fail", **{"If-Match": etag}).status_code == 200


def test_a_client_that_has_the_answer_gets_304_until_there_is_news(http: httpx.Client, group: str) -> None:
    path = ready(http, group)
    etag = http.get(path).headers["ETag"]
    url = http.build_request("GET", path).url  # asked by itself: no specification has a 304
    same = httpx.get(url, headers={"If-None-Match": f"W/{etag}"})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    http.post(f"{path}/run")
    news = http.get(path, headers={"If-None-Match": etag})
    assert news.status_code == 200
    assert news.headers["ETag"] != etag


def test_a_template_stays_in_its_region(http: httpx.Client, group: str) -> None:
    put(http, group)
    body = {**template_body(), "location": "northeurope"}
    moved = http.put(template_path(group, "web"), json=body)
    assert (moved.status_code, code(moved)) == (409, "InvalidResourceLocation")
    spelled = http.put(template_path(group, "web"), json={**body, "location": "West Europe"})
    assert spelled.status_code == 200


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (None, "MissingApiVersionParameter"),
        ("2019-05-01-preview", "InvalidApiVersionParameter"),
        ("2030-01-01", "InvalidApiVersionParameter"),
    ],
)
def test_every_route_wants_a_stable_api_version(served: str, version: str | None, expected: str) -> None:
    query = {"api-version": version} if version else {}
    for route in ("", "/runs", "/runOutputs"):
        url = httpx.URL(f"{served}{template_path('any', 'web')}{route}", params=query)
        answer = httpx.get(url)
        assert (answer.status_code, code(answer)) == (400, expected)
        assert "2025-10-01" in answer.json()["error"]["message"]


def test_a_preview_is_refused_with_the_nearest_stable_api_version(served: str) -> None:
    query = {"API-Version": "2021-10-01-preview", "unknown": "ignored"}
    answer = httpx.get(f"{served}{template_path('any', 'web')}", params=query)
    assert "nearest that is, is 2021-10-01" in answer.json()["error"]["message"]
    known = httpx.get(f"{served}{template_path('any', 'web')}", params={**query, "API-Version": "2021-10-01"})
    assert known.status_code == 404


def test_a_body_that_is_not_json_is_refused_with_its_place(http: httpx.Client, group: str) -> None:
    response = http.put(template_path(group, "web"), content=b'{\n  "location": }')
    assert (response.status_code, code(response)) == (400, "InvalidRequestContent")
    assert "line 2, column 15" in response.json()["error"]["message"]


def test_a_body_over_the_limit_is_refused(http: httpx.Client, group: str) -> None:
    body = {**template_body(), "tags": {"long": "x" * (4 * 1024 * 1024)}}
    response = http.put(template_path(group, "web"), json=body)
    assert (response.status_code, code(response)) == (413, "RequestContentTooLarge")


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


def test_a_run_is_202_until_it_is_over_at_its_location(http: httpx.Client, group: str) -> None:
    started = http.post(ready(http, group, "wait") + "/run")
    assert started.status_code == 202
    assert started.headers["Retry-After"] == "1"

    location = started.headers["Location"]
    waiting = http.get(location)
    assert (waiting.status_code, waiting.headers["Location"]) == (202, location)
    status = http.get(started.headers["Azure-AsyncOperation"])
    assert (status.json()["status"], status.headers["Retry-After"]) == ("InProgress", "1")

    canceled = http.post(template_path(group, "web") + "/cancel")
    assert canceled.status_code == 202
    ended = until(lambda: (answer := http.get(location)).status_code != 202 and answer)
    assert (ended.status_code, code(ended)) == (409, "RunCanceled")
    assert http.get(canceled.headers["Location"]).status_code == 204
    assert http.post(template_path(group, "web") + "/cancel").status_code == 204


def test_an_update_during_a_run_is_taken(http: httpx.Client, group: str) -> None:
    http.post(ready(http, group, "wait") + "/run")
    assert put(http, group, "succeed").status_code == 200
    http.post(template_path(group, "web") + "/cancel")
    until(lambda: last_run(http, group)["runState"] == "Canceled")


def test_runs_are_kept_newest_first_with_their_phases(http: httpx.Client, group: str) -> None:
    path = ready(http, group)
    assert http.get(f"{path}/runs").json() == {"value": []}
    for _ in range(2):
        http.post(f"{path}/run")
        until(lambda: last_run(http, group)["runState"] == "Succeeded")

    runs = http.get(f"{path}/runs").json()["value"]
    assert len(runs) == 2
    assert [run["name"] for run in runs] == sorted((run["name"] for run in runs), reverse=True)
    run = http.get(f"{path}/runs/{runs[0]['name']}").json()
    assert run == runs[0]
    assert run["id"] == f"{path}/runs/{run['name']}"
    phase = run["properties"]["phases"][0]
    assert (phase["name"], phase["state"], phase["note"]) == ("customize", "Succeeded", "step 1 of 1")
    assert run["properties"]["outputs"][0]["regions"] == ["westeurope"]
    assert http.get(f"{path}/runs/20200101-000000-00000000").status_code == 404
    assert http.get(f"{path}/runs/nonsense").status_code == 404


def test_a_log_that_is_not_there_yet_is_empty(http: httpx.Client, group: str) -> None:
    path = ready(http, group)
    http.post(f"{path}/run")
    run = until(lambda: http.get(f"{path}/runs").json()["value"])[0]["name"]
    answer = http.get(f"{path}/runs/{run}/log", params={"offset": "7"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["x-kiln-next-offset"] == "7"
    assert answer.headers["x-kiln-run-state"] in {"Running", "Succeeded"}
    assert http.get(f"{path}/runs/{run}/log", params={"name": "Validation"}).status_code == 204
    for query in ({"offset": "-1"}, {"name": "build"}):
        wrong = http.get(f"{path}/runs/{run}/log", params=query)
        assert (wrong.status_code, code(wrong)) == (400, "InvalidParameter")


def test_a_gallery_output_cannot_be_downloaded(http: httpx.Client, group: str) -> None:
    path = ready(http, group)
    assert http.post(f"{path}/runOutputs/gallery/getAccess").status_code == 404
    http.post(f"{path}/run")
    until(lambda: http.get(f"{path}/runOutputs").json()["value"])
    answer = http.post(f"{path}/runOutputs/gallery/getAccess")
    assert (answer.status_code, code(answer)) == (409, "Conflict")


def test_an_operation_is_known_in_its_own_region_and_subscription_alone(http: httpx.Client, group: str) -> None:
    url = put(http, group).headers["Azure-AsyncOperation"]
    assert http.get(url.replace("westeurope", "northeurope")).status_code == 404
    assert http.get(url.replace(SUBSCRIPTION, SUBSCRIPTION.replace("1", "2"))).status_code == 404


def test_a_deletion_is_202_then_204(http: httpx.Client, group: str) -> None:
    put(http, group)
    path = template_path(group, "web")
    deleted = http.delete(path)
    assert deleted.status_code == 202
    assert "Azure-AsyncOperation" not in deleted.headers
    until(lambda: http.get(deleted.headers["Location"]).status_code == 204)
    assert http.get(path).status_code == 404
    assert http.delete(path).status_code == 204
