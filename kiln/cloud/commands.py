"""Scripts in the build machine, by managed Run Command: started, watched, and their output brought to the log.

Facts: Microsoft's "Run scripts in your Linux VM by using managed Run Commands" and Azure/run-command-handler-linux.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kiln import blobs
from kiln.cloud import clients, logs
from kiln.cloud.failures import azure
from kiln.cloud.staging import ARTIFACTS, LOGS
from kiln.errors import AzureFailed, AzureNotFound, CustomizerFailed
from kiln.planner.scripts import ARTIFACT_VARIABLE

if TYPE_CHECKING:
    from kiln.messages import StepRequest

FINAL_STATES = ("Succeeded", "Failed", "TimedOut", "Canceled")
"""A tuple: the SDK's enumerations equal their values, but hash differently."""
STEP_TAG = "kilnStep"
SIGNATURE_MARGIN = timedelta(minutes=15)


def start_step(request: StepRequest) -> int:
    """Write the step's header to the log, start its script, and return where its output starts in the log (bytes).

    Doing it again starts nothing: a user's script may not bear running twice, and a machine that turns itself off takes
    no second command.
    """
    step, machine = request.step, request.machine
    base = logs.write_header(logs.log_of(request.storage), f"==> {step.kind} {step.index + 1}: {step.name}\n")
    if _is_started(request):
        return base
    try:
        with azure(f"start {step.name!r} in the build machine"):
            clients.compute(machine.subscription).virtual_machine_run_commands.begin_create_or_update(
                machine.group, machine.name, step.command, _body(request), polling=False, api_version=clients.COMPUTE
            )
    except AzureFailed:
        if not _is_started(request):  # else the answer to an earlier try of this very call was lost
            raise
    return base


def _is_started(request: StepRequest) -> bool:
    """Whether the runCommands resource is this step's own; steps far apart share a name."""
    step, machine = request.step, request.machine
    try:
        with azure(f"look whether {step.name!r} was started"):
            found = clients.compute(machine.subscription).virtual_machine_run_commands.get_by_virtual_machine(
                machine.group, machine.name, step.command, api_version=clients.COMPUTE
            )
    except AzureNotFound:
        return False
    return (found.tags or {}).get(STEP_TAG) == str(step.index)


def _body(request: StepRequest) -> Any:
    step, machine, account = request.step, request.machine, blobs.account(request.storage.endpoint)
    lifetime = timedelta(minutes=step.timeout_minutes) + SIGNATURE_MARGIN
    body: dict[str, Any] = {
        "location": machine.location,
        "tags": {**machine.tags, STEP_TAG: str(step.index)},
        "properties": {
            "source": {"script": step.script},
            "asyncExecution": True,
            "timeoutInSeconds": step.timeout_minutes * 60,
            "treatFailureAsDeploymentFailure": False,
            "outputBlobUri": blobs.appendable(account.get_blob_client(LOGS, step.output_blob), lifetime),
        },
    }
    if step.artifact:
        url, _ = blobs.readable(account.get_blob_client(ARTIFACTS, step.artifact), lifetime)
        body["properties"]["protectedParameters"] = [{"name": ARTIFACT_VARIABLE, "value": url}]
    return body


def step_is_over(request: StepRequest) -> bool:
    """Copy new output to the log; return whether the script is over. Raises `CustomizerFailed` when it failed."""
    step, machine = request.step, request.machine
    with azure(f"ask how far {step.name!r} is"):
        command = clients.compute(machine.subscription).virtual_machine_run_commands.get_by_virtual_machine(
            machine.group, machine.name, step.command, expand="instanceView", api_version=clients.COMPUTE
        )
    view = command.instance_view
    state = view.execution_state if view and view.execution_state else "Pending"
    log = logs.log_of(request.storage)
    output = blobs.account(request.storage.endpoint).get_blob_client(LOGS, step.output_blob)
    logs.copy_output(log, output, request.log_base)
    if state not in FINAL_STATES:
        return False
    exit_code = view.exit_code if view and view.exit_code is not None else -1
    if state == "Succeeded" and exit_code == 0:
        return True
    last_lines = logs.last_lines(output)
    if not last_lines and view and view.error:
        last_lines = str(view.error)  # the handler's own words, when the script never started
    if state == "TimedOut":
        last_lines += f"\n(stopped after {step.timeout_minutes} minutes)"
    raise CustomizerFailed(
        step=step.name, target=step.property_path, exit_code=exit_code, last_lines=last_lines, log=log.url
    )
