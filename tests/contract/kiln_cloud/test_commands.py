from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from devkit.guests.scripted.rules import Rule
from kiln.cloud import commands, logs, machines
from kiln.errors import AzureFailed, CustomizerFailed, ValidatorFailed
from kiln.plans import Plans
from tests.contract.kiln_cloud.building import WINDOWS, first_step, plan_with, start_step
from tests.waiting import until

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure
    from kiln.contracts.base import Progress
    from kiln.contracts.machines import ScriptRequest


def shell(line: str) -> list[dict[str, Any]]:
    return [{"type": "Shell", "name": "step", "inline": [line]}]


def ended(request: ScriptRequest) -> Progress:
    asked = started(request)
    until(lambda: commands.step_progress(asked).done)
    return commands.step_progress(asked)


def started(request: ScriptRequest) -> ScriptRequest:
    """Start the step; return the request to check it."""
    start = start_step(request)
    return request.model_copy(update={"log_base": start.log_base, "operation": start.operation})


def late(request: ScriptRequest) -> ScriptRequest:
    return request.model_copy(update={"is_late": True})


def scripts_run(azure: InProcessAzure, request: ScriptRequest) -> int:
    return len(azure.guests.runs(machines.machine_id(request.machine).lower()))


def test_a_step_that_is_started_twice_runs_once(settings: InProcessAzure) -> None:
    request = first_step(plan_with(customize=shell("echo hello")))

    asked = started(request)
    assert start_step(request).log_base == asked.log_base

    until(lambda: commands.step_progress(asked).done)
    assert scripts_run(settings, request) == 1


def test_a_step_that_two_start_at_once_runs_once(settings: InProcessAzure) -> None:
    request = first_step(plan_with(customize=shell("echo hello")))
    logs.write_header(logs.log_of(request.storage), commands.header(request))  # by another host, which starts it soon

    assert not start_step(request).is_started
    commands.put(request, Plans().require(request.run), {commands.STEP_TAG: request.step.key}, request.step.output_blob)
    asked = started(late(request))

    until(lambda: commands.step_progress(asked).done)
    assert scripts_run(settings, request) == 1


def test_a_step_whose_host_died_before_it_was_started_is_started_by_who_comes_back(settings: InProcessAzure) -> None:
    request = first_step(plan_with(customize=shell("echo hello")))
    logs.write_header(logs.log_of(request.storage), commands.header(request))

    assert not start_step(request).is_started
    assert ended(late(request)).exit_code == 0
    assert scripts_run(settings, request) == 1


def test_a_step_whose_answer_was_lost_counts_as_started(settings: InProcessAzure) -> None:
    request = first_step(plan_with(customize=shell("echo hello")))
    put = {"method": "PUT", "path": "*/runCommands/*"}
    lost = {**put, "nth": 1, "drop": "after"}
    refused = {**put, "nth": 2, "status": 409, "code": "OperationNotAllowed", "message": "the machine is off by now"}
    with settings.faults(lost, refused):
        start_step(request)

    until(lambda: scripts_run(settings, request) == 1)


def test_a_run_command_that_azure_gives_up_says_why_in_azures_words(settings: InProcessAzure) -> None:
    request = first_step(plan_with(customize=shell("echo hello")))
    cause = {"code": "VMAgentStatusCommunicationError", "message": "the agent is silent"}
    broken = {"code": "VMExtensionProvisioningError", "message": "the machine reported a failure", "details": [cause]}
    with settings.faults({"method": "PUT", "path": "*/runCommands/*", "operation": "Failed", **broken}):
        asked = started(request)

    with pytest.raises(AzureFailed, match="the agent is silent") as caught:
        until(lambda: commands.step_progress(asked).done)

    assert caught.value.detail.hint == commands.AGENT_HINT


@pytest.mark.parametrize("known", [True, False])
def test_a_run_command_that_azure_gave_up_for_a_reason_it_forgot_is_told_in_kilns_words(
    settings: InProcessAzure, *, known: bool
) -> None:
    request = first_step(plan_with(customize=shell("echo hello")))
    with settings.faults({"method": "PUT", "path": "*/runCommands/*", "operation": "Failed", "code": "Broken"}):
        asked = started(request)
    assert asked.operation is not None
    other = re.sub(r"operations/[\w-]+", f"operations/{uuid.uuid4()}", str(asked.operation.url))
    operation = asked.operation.model_copy(update={"url": other}) if known else None

    with pytest.raises(AzureFailed, match="RunCommandFailed"):
        until(lambda: commands.step_progress(asked.model_copy(update={"operation": operation})).done)


def test_a_script_that_fails_says_what_it_said_last(settings: InProcessAzure) -> None:
    settings.guests.rules.append(Rule(matches=b"break-it-now", exit_code=9, stdout=b"one\ntwo\nthree\n"))
    request = first_step(plan_with(customize=shell("break-it-now")))
    asked = started(request)

    with pytest.raises(CustomizerFailed) as caught:
        until(lambda: commands.step_progress(asked).done)

    assert "exit code 9" in caught.value.detail.message
    assert "one\ntwo\nthree" in caught.value.detail.message
    assert caught.value.detail.target == "properties.customize[0]"
    assert str(caught.value.detail.hint).endswith("customization.log.")


def test_a_validator_that_fails_is_called_one(settings: InProcessAzure) -> None:
    settings.guests.rules.append(Rule(matches=b"not-good-enough", exit_code=1, stdout=b""))
    request = first_step(plan_with(customize=shell("not-good-enough")))
    tested = request.model_copy(update={"machine": request.machine.model_copy(update={"purpose": "validation"})})

    with pytest.raises(ValidatorFailed, match="Validator 'step' ended with exit code 1"):
        ended(tested)


def test_an_exit_code_that_the_template_allows_is_a_success_and_told(settings: InProcessAzure) -> None:
    settings.guests.rules.append(Rule(matches=b"restart-me-later", exit_code=3010, stdout=b"done\n"))
    powershell = {"type": "PowerShell", "name": "step", "inline": ["restart-me-later"], "validExitCodes": [0, 3010]}
    request = first_step(plan_with(source=WINDOWS, customize=[powershell]))

    assert ended(request).exit_code == 3010


def test_another_step_under_the_same_resource_is_not_taken_for_this_one(settings: InProcessAzure) -> None:
    request = first_step(plan_with(customize=shell("echo hello")))
    ended(request)
    later = request.model_copy(update={"step": request.step.again(1)})

    ended(later)

    assert scripts_run(settings, request) == 2
