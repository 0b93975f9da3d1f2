"""Running a step's script in a machine by managed Run Command: its start, its progress, and its output for the log.

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
"""The execution states of a script that is over; a tuple, since the SDK's enumerations hash differently from texts."""
ENDED_STATES = ("Succeeded", "Failed")
"""The execution states in which the script itself ended, with an exit code that the template judges."""
STEP_TAG = "kilnStep"
FETCH_LIFETIME = timedelta(minutes=30)
"""The lifetime of the URL by which a script fetches its artifact, first of all: the agent may take long to start it."""
OUTPUT_MARGIN = timedelta(minutes=15)
"""The time by which the output's URL outlives the script's limit: the handler appends to it to the very end."""
AGENT_HINT = "The machine's agent may not work: check the agent in the source image, and run the build again."


def start_step(request: ScriptRequest, plan: WholePlan) -> StepStarted:
    """Write the step's header to the log, and start its script, whose text is in the plan.

    A repeated call starts nothing: a user's script may do harm when it runs twice, and a machine that turns itself off
    takes no second command. The call that writes the header starts the script. A call that finds the header cannot know
    whether the writer is about to start the script or is dead: it says so in its result, and starts the script only
    when it is called again for that.
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
        if not _is_started(request):  # else an earlier try of this very call started it, and its answer was lost
            raise
        return StepStarted(log_base=base)
    return StepStarted(log_base=base, operation=operation)


def header(request: ScriptRequest) -> str:
    """Return the line that begins a step's output in the log, with the part or round of the step if it has several."""
    step = request.step
    stem, _, turn = step.key.partition(".")
    _, _, part = stem.partition(f"-{step.index:02d}-")
    more = [part] if part else []
    if turn:
        more.append(f"round {int(turn) + 1}")
    return f"==> {step.kind} {step.index + 1}: {step.name}" + (f" ({', '.join(more)})" if more else "") + "\n"


def find(request: ScriptRequest) -> VirtualMachineRunCommand | None:
    """Return the step's runCommands resource with its instance view, or None; steps far apart share a name."""
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
    """Start the step's script, which ends a script that runs under its name. `tags` are added to the machine's."""
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
    """Return a script's execution state and its exit code, or -1 while it has none."""
    view = command.instance_view
    state = getattr(view.execution_state, "value", view.execution_state) if view and view.execution_state else "Pending"
    return state, view.exit_code if view and view.exit_code is not None else -1


def step_progress(request: ScriptRequest) -> Progress:
    """Copy new output to the log, and return whether the script is over, with its exit code.

    Raises `CustomizerFailed`, or `ValidatorFailed` in a validation machine, when it failed.
    """
    step = request.step
    command = find(request)
    if command is None:
        raise AzureNotFound(
            f"ask how far {step.name!r} is",
            azure_code="NotFound",
            azure_message="its run command is gone",
            hint="Somebody deleted it, or ran another one in the machine: run the build again without doing that.",
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
        last_lines = str(view.error)  # the handler's own message, when the script never started
    if state == "TimedOut":
        last_lines += f"\n(stopped after {step.timeout_minutes} minutes)"
    kind = ValidatorFailed if request.machine.purpose == "validation" else CustomizerFailed
    raise kind(step=step.name, target=step.property_path, exit_code=exit_code, last_lines=last_lines, log=log.url)


def _refuse_failed(request: ScriptRequest, command: VirtualMachineRunCommand) -> None:
    """Raise `AzureFailed` when Azure gave up the run command before its script ended: the script's end never comes."""
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
