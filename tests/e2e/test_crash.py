"""Deaths of the host by kill -9 in a submission and its build; the next host finishes: one image, nothing left.

`make faults` kills it after every event, and Azurite and the local Azure in every phase
(tests/faults/crash_processes.py).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.e2e.app import KilnApp, kinds, resources, template
from tests.waiting import SHORTEST, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.local.in_process import InProcessAzure

POINTS = [
    pytest.param(lambda seen: seen.startswith("POST") and seen.endswith("/restart"), id="while restarting"),
    pytest.param(lambda seen: "/images/app/versions/" in seen and seen.startswith("PUT"), id="while capturing"),
]
SECONDS = 120


@pytest.mark.parametrize("reached", POINTS)
def test_a_killed_host_goes_on_where_it_was(app: KilnApp, reached: Callable[[str], bool]) -> None:
    name = f"crash-{time.monotonic_ns()}"
    before = versions(app.azure)
    forget_requests(app.azure)
    app.submit(name, restarted_and_validated())

    until(lambda: any(reached(call) for call in calls(app.azure)), within=SECONDS, longest=SHORTEST)
    app.kill()
    app.start()

    run = until(lambda: ended(app, name), within=SECONDS)
    assert run["properties"]["runState"] == "Succeeded", run
    assert len(versions(app.azure) - before) == 1
    left = kinds(resources(app.azure, group=f"_{name}_"))
    assert left == [
        "networksecuritygroups",
        "resourcegroups",
        "storageaccounts",
        "virtualnetworks",
        "virtualnetworks/subnets",
    ]
    log = app.run_log(name, run["name"])
    assert log.count("==> Shell 1: hello\n") == 1
    assert log.count("==> File 3: motd\n") == 1


def restarted_and_validated() -> dict[str, Any]:
    """Return a template that is built once its submission has succeeded, with a restart and a validator."""
    body = template("app", autoRun={"state": "Enabled"})
    body["properties"]["customize"].insert(1, {"type": "Restart", "name": "restart"})
    look = {"type": "Shell", "name": "look", "inline": ["test -e /etc/motd"]}
    body["properties"]["validate"] = {"inVMValidations": [look]}
    return body


def ended(app: KilnApp, name: str) -> dict[str, Any] | None:
    """Return the template's one run, once it is over."""
    runs: list[dict[str, Any]] = app.call("GET", f"{name}/runs").json()["value"]
    return next((run for run in runs if run["properties"]["runState"] not in {"Running", "Canceling"}), None)


def calls(azure: InProcessAzure) -> list[str]:
    """Return `METHOD path` of every write that the local Azure has seen."""
    found = httpx.get(f"{azure.http_url}/_local/requests").json()["requests"]
    return [f"{call['method']} {call['path']}" for call in found if call["method"] != "GET"]


def forget_requests(azure: InProcessAzure) -> None:
    """Begin counting requests anew."""
    httpx.delete(f"{azure.http_url}/_local/requests").raise_for_status()


def versions(azure: InProcessAzure) -> set[str]:
    """Return the versions of the gallery image `app`."""
    return {id_ for id_ in resources(azure, group="rg-images") if "/images/app/versions/" in id_}
