from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient, generate_blob_sas

from devkit.guests.scripted.rules import Rule
from tests.contract.azure import bodies
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.azure.harness import Harness


@pytest.fixture
def vm(cloud: Harness) -> str:
    return bodies.run_machine(cloud)


def start(cloud: Harness, name: str, text: str, **properties: Any) -> Any:
    commands = cloud.compute.virtual_machine_run_commands
    return commands.begin_create_or_update("rg", "vm", name, bodies.script(text, **properties))


def view(cloud: Harness, name: str) -> Any:
    commands = cloud.compute.virtual_machine_run_commands
    return commands.get_by_virtual_machine("rg", "vm", name, expand="instanceView").instance_view


class Blobs:
    """An account with a container, and SAS URLs of blobs in it."""

    def __init__(self, cloud: Harness) -> None:
        self.name = "kilnoutput"
        self.key = cloud.storage.create(self.name)
        self.endpoint = cloud.storage.endpoint(self.name)
        self.service = BlobServiceClient(self.endpoint, self.key, connection_verify=str(cloud.storage.ca_file))
        self.container = "logs"
        if not self.service.get_container_client(self.container).exists():
            self.service.create_container(self.container)

    def sas(self, blob: str, permission: str = "racw") -> str:
        query = generate_blob_sas(
            self.name,
            self.container,
            blob,
            account_key=self.key,
            permission=permission,
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        return f"{self.endpoint}/{self.container}/{blob}?{query}"

    def read(self, blob: str) -> bytes:
        return self.service.get_blob_client(self.container, blob).download_blob().readall()


@pytest.fixture
def blobs(cloud: Harness) -> Iterator[Blobs]:
    made = Blobs(cloud)
    with made.service:
        yield made


def test_a_script_runs_and_its_view_shows_how_it_ended(cloud: Harness, vm: str) -> None:
    cloud.guests.rules = [Rule(matches=b"hello", exit_code=3, stdout=b"out", stderr=b"err")]
    start(cloud, "one", "echo hello").result()
    seen = view(cloud, "one")
    assert (seen.execution_state, seen.exit_code, seen.output, seen.error) == ("Failed", 3, "out", "err")
    assert seen.end_time >= seen.start_time
    assert [run.script for run in cloud.guests.runs(vm.lower())] == ["echo hello"]


def test_the_output_is_complete_in_append_blobs_when_the_state_is_final(cloud: Harness, vm: str, blobs: Blobs) -> None:
    long = b"line of output\n" * 20_000
    cloud.guests.rules = [Rule(stdout=long, stderr=b"warning\n")]
    start(
        cloud, "one", "true", outputBlobUri=blobs.sas("out"), errorBlobUri=blobs.sas("err"), asyncExecution=True
    ).result()
    until(lambda: view(cloud, "one").execution_state == "Succeeded")
    assert (blobs.read("out"), blobs.read("err")) == (long, b"warning\n")
    assert view(cloud, "one").output.encode() == long[-4096:]
    cloud.guests.rules = [Rule(stdout=b"second")]
    start(cloud, "one", "true", outputBlobUri=blobs.sas("out")).result()
    assert blobs.read("out") == b"second"
    assert vm


def test_output_arrives_while_the_script_runs(cloud: Harness, vm: str, blobs: Blobs) -> None:
    cloud.guests.rules = [Rule(stdout=b"early", delay=math.inf)]
    start(cloud, "one", "x", outputBlobUri=blobs.sas("early"), asyncExecution=True).result()
    until(lambda: blobs.read("early") == b"early")
    assert (view(cloud, "one").execution_state, view(cloud, "one").output) == ("Running", "early")
    cloud.compute.virtual_machine_run_commands.begin_delete("rg", "vm", "one").result()
    assert cloud.guests.runs(vm.lower()) == []


def test_a_blob_that_cannot_be_made_fails_the_command(cloud: Harness, vm: str, blobs: Blobs) -> None:
    start(cloud, "one", "true", outputBlobUri=blobs.sas("refused", permission="r")).result()
    seen = view(cloud, "one")
    assert (seen.execution_state, cloud.guests.runs(vm.lower())) == ("Failed", [])
    assert "403" in seen.execution_message


def test_secrets_reach_the_script_and_nobody_else(cloud: Harness, vm: str, blobs: Blobs) -> None:
    url = blobs.sas("secret")
    start(
        cloud,
        "one",
        "true",
        parameters=[{"name": "OPEN", "value": "1"}, {"name": "", "value": "argument"}],
        protectedParameters=[{"name": "TOKEN", "value": "planted-Secret-2"}],
        outputBlobUri=url,
    ).result()
    run = cloud.guests.runs(vm.lower())[0]
    assert (run.environment, run.arguments) == ({"OPEN": "1", "TOKEN": "planted-Secret-2"}, ["argument"])
    path = f"{vm}/runCommands/one"
    shown = cloud.http("GET", path, params={"api-version": "2024-07-01", "$expand": "instanceView"})
    everything = shown.text + json.dumps(cloud.local("GET", "requests"))
    assert "planted-Secret-2" not in everything
    assert "sig=" not in everything
    assert shown.json()["properties"]["outputBlobUri"] == url.split("?")[0]


def test_a_put_to_the_same_name_kills_the_script_before(cloud: Harness, vm: str) -> None:
    cloud.guests.rules = [Rule(matches=b"first", delay=math.inf)]
    start(cloud, "one", "first", asyncExecution=True).result()
    start(cloud, "one", "second").result()
    assert view(cloud, "one").execution_state == "Succeeded"
    assert [run.script for run in cloud.guests.runs(vm.lower())] == ["second"]


def test_a_script_over_its_time_limit_is_timed_out(cloud: Harness, vm: str) -> None:
    cloud.guests.rules = [Rule(delay=math.inf)]
    start(cloud, "one", "x", timeoutInSeconds=1).result()
    assert (view(cloud, "one").execution_state, view(cloud, "one").exit_code) == ("TimedOut", -1)
    assert vm


def test_a_failure_fails_the_operation_only_if_asked(cloud: Harness, vm: str) -> None:
    cloud.guests.rules = [Rule(exit_code=1)]
    assert start(cloud, "one", "x").result().provisioning_state == "Succeeded"
    with pytest.raises(HttpResponseError, match="exit code 1"):
        start(cloud, "two", "x", treatFailureAsDeploymentFailure=True).result()
    assert vm


def test_a_machine_has_at_most_25_and_needs_to_run(cloud: Harness, vm: str) -> None:
    for number in range(25):
        start(cloud, f"c{number}", "x").result()
    with pytest.raises(HttpResponseError, match="max=25, current=25"):
        start(cloud, "one-more", "x")
    start(cloud, "c7", "again").result()
    cloud.compute.virtual_machines.begin_power_off("rg", "vm").result()
    with pytest.raises(HttpResponseError, match="when the VM is not running"):
        start(cloud, "c7", "x")
    assert vm


def test_exactly_one_source_is_wanted_and_a_script_can_come_from_a_url(cloud: Harness, vm: str, blobs: Blobs) -> None:
    both = {"location": "westeurope", "properties": {"source": {"script": "a", "scriptUri": "b"}}}
    assert cloud.put(f"{vm}/runCommands/x", both).status_code == 400
    blobs.service.get_blob_client(blobs.container, "script.sh").upload_blob(b"echo far", overwrite=True)
    body = {"location": "westeurope", "properties": {"source": {"scriptUri": blobs.sas("script.sh", "r")}}}
    cloud.compute.virtual_machine_run_commands.begin_create_or_update("rg", "vm", "far", body).result()
    assert [run.script for run in cloud.guests.runs(vm.lower())] == ["echo far"]
    assert "sig=" not in cloud.http("GET", f"{vm}/runCommands/far").text


def test_a_machine_that_goes_off_ends_its_script(cloud: Harness, vm: str) -> None:
    cloud.guests.rules = [Rule(delay=math.inf)]
    start(cloud, "one", "x", asyncExecution=True).result()
    cloud.compute.virtual_machines.begin_power_off("rg", "vm").result()
    until(lambda: view(cloud, "one").execution_state == "Failed")
    assert "went off" in view(cloud, "one").execution_message
    assert vm


def test_a_script_that_restarts_its_machine_is_running_until_its_time_limit(cloud: Harness, vm: str) -> None:
    cloud.guests.rules = [Rule(matches=b"install", stdout=b"installing", restarts=True)]
    boot = "cat /proc/sys/kernel/random/boot_id"
    start(cloud, "before", boot).result()
    start(cloud, "one", "install", timeoutInSeconds=2, asyncExecution=True).result()
    until(lambda: len(cloud.guests.runs(vm.lower())) == 2)
    assert (view(cloud, "one").execution_state, view(cloud, "one").output) == ("Running", "installing")
    start(cloud, "after", boot).result()
    assert view(cloud, "after").output != view(cloud, "before").output
    until(lambda: view(cloud, "one").execution_state == "TimedOut")


def test_a_restart_kills_what_runs_and_a_script_can_go_better_the_second_time(cloud: Harness, vm: str) -> None:
    cloud.guests.rules = [
        Rule(matches=b"install", exit_code=101, times=1),
        Rule(matches=b"install"),
        Rule(matches=b"service", delay=math.inf),
    ]
    start(cloud, "service", "service", asyncExecution=True).result()
    start(cloud, "first", "install").result()
    cloud.compute.virtual_machines.begin_restart("rg", "vm").result()
    start(cloud, "second", "install").result()
    assert [view(cloud, name).exit_code for name in ("first", "second")] == [101, 0]
    assert view(cloud, "service").execution_state == "Running"
    assert vm
