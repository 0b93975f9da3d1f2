"""Templates on the wire: statuses, headers, conditions, versions and operations."""

from __future__ import annotations

import httpx

from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body, template_path
from tests.contract.kiln_api.wire import code, last_run, put, ready
from tests.waiting import until


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
    asked = http.build_request("GET", path, headers={"If-None-Match": f"W/{etag}"})
    same = httpx.get(asked.url, headers=asked.headers)  # asked by itself: no specification has a 304
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", etag)
    http.post(f"{path}/run")
    news = http.get(path, headers={"If-None-Match": etag})
    assert news.status_code == 200
    assert news.headers["ETag"] != etag


def test_a_name_with_a_line_break_is_refused_as_any_other_that_is_none(http: httpx.Client, group: str) -> None:
    for name in ("a%0Ab", "a%0A", "a%20b"):
        answer = http.put(template_path(group, name), json=template_body())
        assert (answer.status_code, code(answer)) == (400, "InvalidResourceName"), name


def test_a_template_stays_in_its_region(http: httpx.Client, group: str) -> None:
    put(http, group)
    body = {**template_body(), "location": "northeurope"}
    moved = http.put(template_path(group, "web"), json=body)
    assert (moved.status_code, code(moved)) == (409, "InvalidResourceLocation")
    spelled = http.put(template_path(group, "web"), json={**body, "location": "West Europe"})
    assert spelled.status_code == 200


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


def test_a_submission_that_a_newer_one_replaces_is_canceled(http: httpx.Client, group: str) -> None:
    path = template_path(group, "web")
    waiting = {**template_body(), "tags": {"submission": "wait"}}
    first = http.put(path, json=waiting).headers["Azure-AsyncOperation"]
    assert http.get(first).json()["status"] == "InProgress"

    second = http.put(path, json=template_body()).headers["Azure-AsyncOperation"]

    until(lambda: http.get(second).json()["status"] == "Succeeded")
    replaced = http.get(first).json()
    assert (replaced["status"], replaced["error"]["code"]) == ("Canceled", "Superseded")
    versions = http.get(f"{path}/versions").json()["value"]
    assert [version["properties"]["provisioningState"] for version in versions] == ["Succeeded", "Creating"]


def test_a_patchs_location_answers_the_template_when_it_is_over(http: httpx.Client, group: str) -> None:
    path = ready(http, group)
    patched = http.patch(path, json={"properties": {"vmProfile": {"vmSize": "Standard_D4s_v5"}}})
    assert (patched.status_code, patched.content) == (202, b"")
    answer = until(lambda: (found := http.get(patched.headers["Location"])).status_code == 200 and found)
    assert answer.json() == http.get(path).json()
    assert answer.json()["properties"]["vmProfile"] == {"vmSize": "Standard_D4s_v5"}
