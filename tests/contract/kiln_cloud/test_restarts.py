from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from devkit.guests.scripted.rules import Rule
from kiln.cloud import commands, logs, machines, restarts
from kiln.contracts.machines import ScriptRequest
from kiln.planner.steps import RestartSpec
from kiln.plans import Plans
from tests.contract.kiln_cloud.building import machine_of, plan_with, script_of, stage, start_machine, start_step
from tests.waiting import until

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure
    from kiln.contracts.base import Progress


@pytest.fixture
def restart(monkeypatch: pytest.MonkeyPatch) -> tuple[ScriptRequest, ScriptRequest]:
    """A running machine with the mark and the check of its restart; attempts follow each other at once."""
    monkeypatch.setattr(restarts, "PAUSE", 0.0)
    plan = plan_with(customize=[{"type": "Restart", "name": "reboot"}])
    storage = stage(plan)
    start_machine(machine_of(plan))
    step = plan.steps[0]
    assert isinstance(step, RestartSpec)
    asked = ScriptRequest(run=plan.run, machine=machine_of(plan).ref, storage=storage, step=step.mark)
    return asked, asked.model_copy(update={"step": step.check})


def progress(request: ScriptRequest) -> Progress:
    return restarts.progress(request, lambda: Plans().require(request.run))


def attempts(request: ScriptRequest) -> int:
    found = commands.find(request)
    return int((found.tags or {})[restarts.ATTEMPT_TAG]) if found else 0


def log_of(request: ScriptRequest) -> str:
    return str(logs.log_of(request.storage).download_blob().readall().decode())


def test_a_machine_that_was_restarted_is_back_once_its_check_succeeds(
    restart: tuple[ScriptRequest, ScriptRequest],
) -> None:
    mark, check = restart
    base = start_step(mark).log_base
    until(lambda: commands.step_progress(mark.model_copy(update={"log_base": base})).done)
    machines.start_restart(mark.machine)

    until(lambda: progress(check).done)

    assert "==> Restart 1: reboot (mark)\n" in log_of(mark)
    assert "==> Restart 1: reboot (check) the machine is back\n" in log_of(mark)


def test_the_check_is_tried_until_it_succeeds(
    settings: InProcessAzure, restart: tuple[ScriptRequest, ScriptRequest]
) -> None:
    _, check = restart
    text = re.compile(re.escape(script_of(check)))
    settings.guests.rules.append(Rule(matches=text, exit_code=75, times=2))

    until(lambda: progress(check).done)

    assert attempts(check) == 3


def test_an_attempt_that_the_restart_cut_off_is_given_up(
    settings: InProcessAzure, restart: tuple[ScriptRequest, ScriptRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, check = restart
    text = re.compile(re.escape(script_of(check)))
    settings.guests.rules.append(Rule(matches=text, restarts=True, times=1))
    assert not progress(check).done
    assert not progress(check).done
    assert attempts(check) == 1

    monkeypatch.setattr(restarts, "PATIENCE", timedelta(0))
    until(lambda: progress(check).done)

    assert attempts(check) >= 2


def test_a_check_that_just_failed_is_not_tried_again_at_once(
    settings: InProcessAzure, restart: tuple[ScriptRequest, ScriptRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, check = restart
    monkeypatch.setattr(restarts, "PAUSE", 3600.0)
    settings.guests.rules.append(Rule(matches=re.compile(re.escape(script_of(check))), exit_code=75, times=1))
    progress(check)
    until(lambda: commands.outcome(commands.find(check))[0] == "Failed")  # type: ignore[arg-type]  # it was just made

    answer = progress(check)

    assert (answer.done, answer.retry_after, attempts(check)) == (False, 3600.0, 1)
