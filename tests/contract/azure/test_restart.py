from __future__ import annotations

import math
import sqlite3
from typing import TYPE_CHECKING

import pytest

from devkit.azure.latency import Latency
from devkit.guests.scripted.rules import Rule
from tests.contract.azure import bodies
from tests.contract.azure.harness import Harness
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.azurite import Azurite

HELLO = ("rg-images", "gallery", "hello")


@pytest.fixture
def lasting(tmp_path: Path, azurite: Azurite) -> Iterator[Harness]:
    """A local Azure that keeps its state, and takes its time where a test has to be in the middle of something."""
    slow = Latency("slow", {"vm.put": 1.0, "replication": 1.0}, 0)
    running = Harness(tmp_path, azurite.accounts, latency=slow, database=tmp_path / "azure.db")
    yield running
    running.stop()


def test_a_machine_in_the_making_is_made_after_a_restart(lasting: Harness) -> None:
    bodies.stage(lasting)
    path = f"{bodies.group_id('rg')}/providers/Microsoft.Compute/virtualMachines/vm"
    url = lasting.put(path, bodies.machine("rg")).headers["Azure-AsyncOperation"]
    lasting.restart()
    operation = url.removeprefix(lasting.url).split("?")[0]
    assert lasting.http("GET", operation).json()["status"] == "InProgress"
    until(lambda: lasting.http("GET", operation).json()["status"] == "Succeeded")
    assert lasting.compute.virtual_machines.get("rg", "vm").provisioning_state == "Succeeded"
    assert len(list((lasting.data / "guests").glob("*.json"))) == 1


def test_machines_and_seeds_are_found_again(lasting: Harness) -> None:
    bodies.run_machine(lasting)
    before = lasting.local("GET", "resources")
    lasting.restart()
    assert lasting.local("GET", "resources") == before
    statuses = lasting.compute.virtual_machines.instance_view("rg", "vm").statuses
    assert statuses[-1].code == "PowerState/running"
    lasting.compute.virtual_machine_run_commands.begin_create_or_update("rg", "vm", "a", bodies.script("x")).result()


def test_replication_goes_on_after_a_restart(lasting: Harness) -> None:
    vm = bodies.generalized_machine(lasting)
    versions = lasting.compute.gallery_image_versions
    versions.begin_create_or_update(*HELLO, "1.0.0", bodies.version(vm, "westeurope", "northeurope"), polling=False)
    until(lambda: len(list(lasting.data.glob("images/*"))) == 1)
    lasting.restart()
    versions = lasting.compute.gallery_image_versions

    def completed() -> bool:
        found = versions.get(*HELLO, "1.0.0", expand="ReplicationStatus").properties
        return [found.provisioning_state, found.replication_status.aggregated_state] == ["Succeeded", "Completed"]

    until(completed)
    assert len(list(lasting.data.glob("images/*"))) == 1


def test_a_script_that_ran_during_the_restart_ends_as_failed(lasting: Harness) -> None:
    bodies.run_machine(lasting)
    lasting.guests.rules = [Rule(delay=math.inf)]
    commands = lasting.compute.virtual_machine_run_commands
    commands.begin_create_or_update("rg", "vm", "a", bodies.script("x", asyncExecution=True)).result()
    lasting.restart()
    commands = lasting.compute.virtual_machine_run_commands
    view = commands.get_by_virtual_machine("rg", "vm", "a", expand="instanceView").instance_view
    assert (view.execution_state, view.exit_code) == ("Failed", -1)
    assert "stopped while the script ran" in view.execution_message


def test_the_state_on_disk_has_no_planted_secret(lasting: Harness) -> None:
    bodies.run_machine(lasting)
    properties = {"protectedParameters": [{"name": "TOKEN", "value": "planted-Secret-2"}]}
    lasting.compute.virtual_machine_run_commands.begin_create_or_update(
        "rg", "vm", "a", bodies.script("x", **properties)
    ).result()
    with sqlite3.connect(lasting.data / "azure.db") as database:
        text = "".join(row[0] for row in database.execute("SELECT body FROM records"))
    database.close()
    assert "planted-Secret" not in text
    assert "runcommands/a" in text.lower()
