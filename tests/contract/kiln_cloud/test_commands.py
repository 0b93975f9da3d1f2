from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from devkit.guests.scripted.rules import Rule
from kiln.cloud import commands, machines
from kiln.errors import CustomizerFailed, ValidatorFailed
from tests.contract.kiln_cloud.building import WINDOWS, first_step, plan_with
from tests.waiting import until

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure
    from kiln.messages import Progress, StepRequest


def shell(line: str) -> list[dict[str, Any]]:
    return [{"type": "Shell", "name": "step", "inline": [line]}]


def ended(request: StepRequest) -> Progress:
    base = commands.start_step(request)
    asked = request.model_copy(update={"log_base": base})
    until(lambda: commands.step_progress(asked).done)
    return commands.step_progress(asked)


def scripts_run(azure: InProcessAzure, request: StepRequest) -> int:
    return len(azure.guests.runs(machines.machine_id(request.machine).lower()))


def test_a_step_that_is_started_twice_runs_once(settings: InProcessAzure) -> None:
    request = first_step(plan_with(customize=shell("echo hello")))

    base = commands.start_step(request)
    assert commands.start_step(request) == base

    until(lambda: commands.step_progress(request.model_copy(update={"log_base": base})).done)
    assert scripts_run(settings, request) == 1


def test_a_step_whose_answer_was_lost_counts_as_started(settings: InProcessAzure) -> None:
    request = first_step(plan_with(customize=shell("echo hello")))
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
    request = first_step(plan_with(customize=shell("break-it-now")))
    base = commands.start_step(request)

    with pytest.raises(CustomizerFailed) as caught:
        until(lambda: commands.step_progress(request.model_copy(update={"log_base": base})).done)

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
