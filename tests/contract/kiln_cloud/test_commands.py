from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from devkit.guests.scripted.rules import Rule
from kiln.cloud import commands, machines, staging
from kiln.errors import CustomizerFailed
from kiln.ids import RunRef, TemplateId
from kiln.messages import StepRequest
from kiln.planner.facts import Facts
from kiln.planner.make_plan import make_plan
from kiln.template.parse import parse_template
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION
from tests.waiting import until

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure
    from kiln.planner.plan import Plan


def plan_with(line: str) -> Plan:
    name = uuid.uuid4().hex[:10]
    body = {
        "location": "westeurope",
        "identity": {"type": "None"},
        "properties": {
            "source": {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"},
            "customize": [{"type": "Shell", "name": "step", "inline": [line]}],
            "distribute": [{"type": "VHD", "runOutputName": "vhd"}],
        },
    }
    run = RunRef(template=TemplateId(subscription=SUBSCRIPTION, group="rg-images", name=name), run_id=name)
    facts = Facts(source_version="0.20250911.2232")
    return make_plan(parse_template(body), run=run, staging_group=f"rg-commands-{name}", facts=facts)


def started_machine(plan: Plan) -> StepRequest:
    """Make everything that a step needs, as the phases before it do."""
    staging.create_group(plan.group)
    staging.start_security_group(plan.network)
    staging.start_network(plan.network)
    staging.start_storage(plan.storage)
    storage = staging.create_containers(plan.storage)
    machines.start_interface(plan.machine)
    machines.start_machine(plan.machine)
    until(lambda: machines.power_state(plan.machine) == "running")
    return StepRequest(run=plan.run, machine=plan.machine, storage=storage, step=plan.steps[0])


def scripts_run(azure: InProcessAzure, request: StepRequest) -> int:
    return len(azure.guests.runs(machines.machine_id(request.machine).lower()))


def test_a_step_that_is_started_twice_runs_once(settings: InProcessAzure) -> None:
    request = started_machine(plan_with("echo hello"))

    base = commands.start_step(request)
    assert commands.start_step(request) == base

    until(lambda: commands.step_is_over(request.model_copy(update={"log_base": base})))
    assert scripts_run(settings, request) == 1


def test_a_step_whose_answer_was_lost_counts_as_started(settings: InProcessAzure) -> None:
    request = started_machine(plan_with("echo hello"))
    put = {"method": "PUT", "path": "*/runCommands/*"}
    lost = {**put, "nth": 1, "drop": "after"}
    refused = {**put, "nth": 2, "status": 409, "code": "OperationNotAllowed", "message": "the machine is off by now"}
    httpx.put(f"{settings.http_url}/_local/faults", json=[lost, refused]).raise_for_status()
    try:
        commands.start_step(request)
    finally:
        httpx.delete(f"{settings.http_url}/_local/faults").raise_for_status()

    until(lambda: scripts_run(settings, request) == 1)


def test_a_script_that_fails_says_what_it_said_last(settings: InProcessAzure) -> None:
    settings.guests.rules.append(Rule(matches=b"break-it-now", exit_code=9, stdout=b"one\ntwo\nthree\n"))
    request = started_machine(plan_with("break-it-now"))
    base = commands.start_step(request)

    with pytest.raises(CustomizerFailed) as caught:
        until(lambda: commands.step_is_over(request.model_copy(update={"log_base": base})))

    assert "exit code 9" in caught.value.detail.message
    assert "one\ntwo\nthree" in caught.value.detail.message
    assert caught.value.detail.target == "properties.customize[0]"
    assert str(caught.value.detail.hint).endswith("customization.log.")
