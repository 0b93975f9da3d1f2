"""The host dies by kill -9 at points all over a build; the next host finishes it: one image, nothing left behind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.e2e.app import KilnApp, kinds, resources, template
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.local.in_process import InProcessAzure

POINTS = [
    pytest.param(lambda seen: "/networkSecurityGroups/" in seen, id="while staging"),
    pytest.param(lambda seen: "/networkInterfaces/" in seen, id="before the machine"),
    pytest.param(lambda seen: "/virtualMachines/" in seen, id="while provisioning"),
    pytest.param(lambda seen: "/runCommands/step-01" in seen, id="in the second customizer"),
    pytest.param(lambda seen: "/runCommands/generalize" in seen, id="while generalizing"),
    pytest.param(lambda seen: seen.startswith("POST") and seen.endswith("/generalize"), id="once generalized"),
    pytest.param(lambda seen: "/versions/" in seen and seen.startswith("PUT"), id="while capturing"),
    pytest.param(lambda seen: "/beginGetAccess" in seen, id="while exporting"),
    pytest.param(lambda seen: seen.startswith("DELETE"), id="while cleaning up"),
]


@pytest.mark.parametrize("reached", POINTS)
def test_a_killed_host_goes_on_where_it_was(app: KilnApp, reached: Callable[[str], bool]) -> None:
    name = f"crash-{time.monotonic_ns()}"
    app.submit(name, template("app"))
    before = versions(app.azure)
    forget_requests(app.azure)
    run_id = app.run(name)

    until(lambda: any(reached(call) for call in calls(app.azure)))
    app.kill()
    app.start()

    until(lambda: app.run_state(name, run_id)["runState"] != "Running")
    state = app.run_state(name, run_id)
    assert state["runState"] == "Succeeded", state
    assert len(versions(app.azure) - before) == 1
    left = kinds(resources(app.azure, group=f"_{name}_"))
    assert left == [
        "networksecuritygroups",
        "resourcegroups",
        "storageaccounts",
        "virtualnetworks",
        "virtualnetworks/subnets",
    ]
    log = app.run_log(name, run_id)
    assert log.count("==> Shell 1: hello\n") == 1
    assert log.count("==> File 2: motd\n") == 1


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
