"""Scripts in machines, by managed Run Command: started, watched, and their output brought to the log.

Facts: Microsoft's "Run scripts in your Linux VM by using managed Run Commands" and its Windows counterpart, and
Azure/run-command-handler-linux. A protected parameter is an environment variable on Linux, `-NAME value` on Windows.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from kiln import blobs
from kiln.cloud import clients, logs
from kiln.cloud.failures import azure
from kiln.cloud.operations import start, tell_failure
from kiln.cloud.staging import ARTIFACTS, LOGS
from kiln.contracts.base import Progress
from kiln.contracts.machines import StepStarted
from kiln.errors import AzureFailed, AzureNotFound, CustomizerFailed, ValidatorFailed
from kiln.planner.scripts import ARTIFACT_VARIABLE, artifact_parameter

if TYPE_CHECKING:
    from azure.mgmt.compute.models import VirtualMachineRunCommand

    from kiln.contracts.base import Operation
    from kiln.contracts.machines import ScriptRequest
    from kiln.planner.plan import WholePlan

FINAL_STATES = ("Succeeded", "Failed", "TimedOut", "Canceled")
"""A tuple: the SDK's enumerations equal their values, but hash differently."""
ENDED_STATES = ("Succeeded", "Failed")
"""In which the script itself ended, with an exit code that the template judges."""
STEP_TAG = "kilnStep"
FETCH_LIFETIME = timedelta(minutes=30)
"""Of the URL that a script fetches its artifact with, which is the first that it does: the agent may take its time."""
OUTPUT_MARGIN = timedelta(minutes=15)
"""By which the URL of the output outlives the script, whose handler appends to it to the very end."""
AGENT_HINT = "The machine's agent may not work: look at the source image's agent, and run the build again."


def start_step(request: ScriptRequest, plan: WholePlan) -> StepStarted:
    """Write the step's header to the log, and start its script, whose text is in the plan.

    Doing it again starts nothing: a user's script may not bear running twice, and a machine that turns itself off takes
    no second command. The header's writer starts it. Whoever finds the header written by somebody else, who may be
    about to start it or may be dead, says so, and starts it only when he comes back for that.
    """
    step = request.step
    base, is_first = logs.write_header(logs.log_of(request.storage), header(request))
    if not is_first:
        is_started = _is_started(request)
        if is_started or not request.is_late:
            return StepStarted(log_base=base, is_started=is_started)
    try:
        operation = put(request, plan, {STEP_TAG: step.key}, step.output_blob)
    except AzureFailed:
        if not _is_started(request):  # else the answer to an earlier try of this very call was lost
            raise
        return StepStarted(log_base=base)
    return StepStarted(log_base=base, operation=operation)


def header(request: ScriptRequest) -> str:
    """Return the line that begins a step's part of the log; a part or a repetition of a step says so."""
    step = request.step
    stem, _, turn = step.key.partition(".")
    _, _, part = stem.partition(f"-{step.index:02d}-")
    more = [part] if part else []
    if turn:
        more.append(f"round {int(turn) + 1}")
    return f"==> {step.kind} {step.index + 1}: {step.name}" + (f" ({', '.join(more)})" if more else "") + "\n"


def find(request: ScriptRequest) -> VirtualMachineRunCommand | None:
    """Return the step's runCommands resource with how far it is, or None; steps far apart share a name."""
    step, machine = request.step, request.machine
    try:
        with azure(f"ask how far {step.name!r} is"):
            found = clients.compute(machine.subscription).virtual_machine_run_commands.get_by_virtual_machine(
                machine.group, machine.name, step.command, expand="instanceView", api_version=clients.COMPUTE
            )
    except AzureNotFound:
        return None
    return found if (found.tags or {}).get(STEP_TAG) == step.key else None


def put(request: ScriptRequest, plan: WholePlan, tags: dict[str, str], output_blob: str) -> Operation:
    """Start the step's script, which ends whatever runs under that name. `tags` come on top of the machine's."""
    step, account = request.step, blobs.account(request.storage.endpoint)
    machine = plan.machine_of(request.machine)
    lifetime = timedelta(minutes=step.timeout_minutes) + OUTPUT_MARGIN
    with azure("sign the URL of a step's output"):
        output = blobs.appendable(account.get_blob_client(LOGS, output_blob), lifetime)
    body: Any = {
        "location": machine.location,
        "tags": {**machine.tags, **tags},
        "properties": {
            "source": {"script": plan.script(step)},
            "asyncExecution": True,
            "timeoutInSeconds": step.timeout_minutes * 60,
            "treatFailureAsDeploymentFailure": False,
            "outputBlobUri": output.reveal(),
        },
    }
    if step.artifact:
        with azure("sign the URL of a step's file"):
            url, _ = blobs.readable(account.get_blob_client(ARTIFACTS, step.artifact), FETCH_LIFETIME)
        body["properties"]["protectedParameters"] = [
            {"name": ARTIFACT_VARIABLE, "value": artifact_parameter(url.reveal(), machine.os)}
        ]
    return start(
        f"start {step.name!r} in the {machine.purpose} machine",
        clients.compute(machine.subscription).virtual_machine_run_commands.begin_create_or_update,
        machine.group,
        machine.name,
        step.command,
        body,
        api_version=clients.COMPUTE,
    )


def outcome(command: VirtualMachineRunCommand) -> tuple[str, int]:
    """Return a script's execution state and its exit code, -1 as long as it has none."""
    view = command.instance_view
    state = getattr(view.execution_state, "value", view.execution_state) if view and view.execution_state else "Pending"
    return state, view.exit_code if view and view.exit_code is not None else -1


def step_progress(request: ScriptRequest) -> Progress:
    """Copy new output to the log; return whether the script is over, and its exit code.

    Raises `CustomizerFailed`, or `ValidatorFailed` in a validation machine, when it failed.
    """
    step = request.step
    command = find(request)
    if command is None:
        raise AzureNotFound(
            f"ask how far {step.name!r} is",
            azure_code="NotFound",
            azure_message="its run command is gone",
            hint="Somebody deleted it, or ran another in the machine: run the build again, and leave it alone.",
        )
    log = logs.log_of(request.storage)
    output = blobs.account(request.storage.endpoint).get_blob_client(LOGS, step.output_blob)
    logs.copy_output(log, output, request.log_base)
    state, exit_code = outcome(command)
    if state not in FINAL_STATES:
        _refuse_failed(request, command)
        return Progress(done=False)
    if state in ENDED_STATES and exit_code in step.valid_exit_codes:
        return Progress(done=True, exit_code=exit_code)
    last_lines = logs.last_lines(output)
    view = command.instance_view
    if not last_lines and view and view.error:
        last_lines = str(view.error)  # the handler's own words, when the script never started
    if state == "TimedOut":
        last_lines += f"\n(stopped after {step.timeout_minutes} minutes)"
    kind = ValidatorFailed if request.machine.purpose == "validation" else CustomizerFailed
    raise kind(step=step.name, target=step.property_path, exit_code=exit_code, last_lines=last_lines, log=log.url)


def _refuse_failed(request: ScriptRequest, command: VirtualMachineRunCommand) -> None:
    """Raise `AzureFailed` when Azure gave the run command up before its script had an end, which never comes then."""
    if command.provisioning_state != "Failed":
        return
    tell_failure(request.operation, AGENT_HINT)
    view = command.instance_view
    reason = (view.execution_message or view.error if view else None) or "the run command failed in the machine"
    raise AzureFailed(
        f"run {request.step.name!r}", azure_code="RunCommandFailed", azure_message=str(reason), hint=AGENT_HINT
    )


def _is_started(request: ScriptRequest) -> bool:
    return find(request) is not None
