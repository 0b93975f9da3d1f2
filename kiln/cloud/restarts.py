"""The wait for a machine after a restart: a script is started in it again and again until it succeeds.

Managed Run Command does not continue a script that a restart has cut off, and never reports its end
(Azure/run-command-handler-linux), so an attempt that takes too long is replaced by another one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from kiln.cloud import commands, logs
from kiln.cloud.commands import FINAL_STATES, STEP_TAG
from kiln.contracts.base import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.mgmt.compute.models import VirtualMachineRunCommand

    from kiln.contracts.machines import ScriptRequest
    from kiln.planner.plan import WholePlan

ATTEMPT_TAG = "kilnAttempt"
STARTED_TAG = "kilnStarted"
PATIENCE = timedelta(seconds=90)
"""The time of one attempt: a machine may take the command and go down before it runs it."""
PAUSE = 10.0
"""Seconds after an attempt that ended: the machine is up, but has not gone down yet, or is not ready yet."""


def progress(request: ScriptRequest, plan: Callable[[], WholePlan]) -> Progress:
    """Return whether the machine is back: the latest attempt ended with exit code 0. Start another one when it is due.

    The plan, which has the script, is read only for a start.
    """
    command = commands.find(request)
    if command is None:
        _start(request, plan(), 1)
        return Progress(done=False, note="waiting for the machine to come back")
    state, exit_code = commands.outcome(command)
    tags = command.tags or {}
    attempt = int(tags.get(ATTEMPT_TAG, "1"))
    if state == "Succeeded" and exit_code == 0:
        logs.write_header(logs.log_of(request.storage), f"{commands.header(request).rstrip()} the machine is back\n")
        return Progress(done=True, exit_code=0)
    if state in FINAL_STATES:
        if _age(command) < timedelta(seconds=PAUSE):
            return Progress(done=False, retry_after=PAUSE)
        _start(request, plan(), attempt + 1)
        return Progress(done=False, note=f"attempt {attempt} ended with exit code {exit_code}")
    if _age(command) > PATIENCE:
        _start(request, plan(), attempt + 1)
        return Progress(done=False, note=f"attempt {attempt} did not end")
    return Progress(done=False)


def _start(request: ScriptRequest, plan: WholePlan, attempt: int) -> None:
    stem, dot, ending = request.step.output_blob.rpartition(".")
    tags = {
        STEP_TAG: request.step.key,
        ATTEMPT_TAG: str(attempt),
        STARTED_TAG: datetime.now(UTC).isoformat(timespec="seconds"),
    }
    commands.put(request, plan, tags, f"{stem}-{attempt}{dot}{ending}")


def _age(command: VirtualMachineRunCommand) -> timedelta:
    return datetime.now(UTC) - datetime.fromisoformat((command.tags or {})[STARTED_TAG])
