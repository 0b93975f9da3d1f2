"""Runs on the wire: started, followed, listed, retried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.kiln_api.conftest import template_path
from tests.contract.kiln_api.wire import code, last_run, put, ready
from tests.waiting import until

if TYPE_CHECKING:
    import httpx


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
    http.post(f"{path}/run")
    until(lambda: last_run(http, group)["runState"] == "Succeeded")
    (first,) = http.get(f"{path}/runs").json()["value"]
    http.post(f"{path}/run")
    until(lambda: last_run(http, group)["runState"] == "Succeeded")

    runs = http.get(f"{path}/runs").json()["value"]
    assert len(runs) == 2
    assert runs[1] == first
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


def test_a_failed_run_is_retried_and_says_of_which(http: httpx.Client, group: str) -> None:
    path = ready(http, group, "fail")
    http.post(f"{path}/run")
    until(lambda: last_run(http, group)["runState"] == "Failed")
    failed = http.get(f"{path}/runs").json()["value"][0]["name"]

    retried = http.post(f"{path}/runs/{failed}/retry")

    assert retried.status_code == 202
    run_id = http.get(retried.headers["Azure-AsyncOperation"]).json()["properties"]["runId"]
    run = http.get(f"{path}/runs/{run_id}").json()["properties"]
    assert run["retryOf"] == failed
    missing = http.post(f"{path}/runs/20200101-000000-00000000/retry")
    assert (missing.status_code, code(missing)) == (404, "ResourceNotFound")
