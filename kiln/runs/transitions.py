"""Transitions of runs and templates: pure functions from one record to the next. No clock, no store, no randomness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.runs.record import (
    Phase,
    PhaseRecord,
    PhaseState,
    ProvisioningError,
    ProvisioningState,
    RunOutput,
    RunRecord,
    RunState,
    RunSubState,
    TemplateRecord,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from kiln.errors import ErrorDetail

SUB_STATES = {
    Phase.PLAN: RunSubState.BUILDING,
    Phase.STAGE: RunSubState.BUILDING,
    Phase.PROVISION: RunSubState.BUILDING,
    Phase.CUSTOMIZE: RunSubState.CUSTOMIZING,
    Phase.OPTIMIZE: RunSubState.OPTIMIZING,
    Phase.GENERALIZE: RunSubState.BUILDING,
    Phase.VALIDATE: RunSubState.VALIDATING,
    Phase.CAPTURE: RunSubState.DISTRIBUTING,
    Phase.DISTRIBUTE: RunSubState.DISTRIBUTING,
    Phase.CLEAN_UP: RunSubState.DISTRIBUTING,
}
"""The sub-state of a run in each phase. Image Builder has none for set-up, generalizing and clean-up, so these show
that of the phase beside them."""


def begin(template: TemplateRecord, run: RunRecord) -> TemplateRecord:
    """Make `run` the template's latest run, which is beginning: nothing else is written of it yet."""
    number = template.runs + 1
    numbered = run.model_copy(update={"number": number})
    return template.model_copy(update={"runs": number, "run_id": run.run_id, "beginning": numbered})


def begun(template: TemplateRecord, run_id: str) -> TemplateRecord:
    """Clear `beginning`, if it is the run of that id: its build works on it, or it is over."""
    is_its = template.beginning is not None and template.beginning.run_id == run_id
    return template.model_copy(update={"beginning": None}) if is_its else template


def enter_phase(record: RunRecord, phase: Phase, at: datetime, note: str | None = None) -> RunRecord:
    """Start `phase` at `at`, which ends the phase before it. Entering a phase again changes nothing.

    After a stop only the clean-up is entered: work that has not noticed the stop yet changes nothing either.
    """
    known_names = {known.name for known in record.phases}
    is_late = phase is not Phase.CLEAN_UP and (record.error is not None or Phase.CLEAN_UP in known_names)
    if record.state.is_final or is_late or phase in known_names:
        return record
    done = tuple(_ended(known, at, PhaseState.SUCCEEDED) for known in record.phases)
    entered = PhaseRecord(name=phase, state=PhaseState.RUNNING, started=at, note=note)
    return record.model_copy(update={"phases": (*done, entered), "sub_state": SUB_STATES[phase]})


def annotate(record: RunRecord, phase: Phase, note: str) -> RunRecord:
    """Note the progress of a running phase, in one line."""
    phases = tuple(
        known.model_copy(update={"note": note}) if known.name == phase and known.state is PhaseState.RUNNING else known
        for known in record.phases
    )
    return record.model_copy(update={"phases": phases})


def end_phase(record: RunRecord, phase: Phase, at: datetime, state: PhaseState, error: ErrorDetail) -> RunRecord:
    """End a running phase with an error although the run goes on. A phase that is over stays as it is."""
    phases = tuple(_ended(known, at, state, error) if known.name == phase else known for known in record.phases)
    return record.model_copy(update={"phases": phases})


def add_output(record: RunRecord, output: RunOutput) -> RunRecord:
    """Add an output, or merge it with the one of its name: regions add up, and the newer error counts.

    An output without an image replaces the earlier one: the image is gone.
    """
    before = next((known for known in record.outputs if known.name == output.name), None)
    if before is not None and (output.artifact_id or output.artifact_uri):
        regions = before.regions + tuple(region for region in output.regions if region not in before.regions)
        output = output.model_copy(update={"regions": regions})
    others = tuple(known for known in record.outputs if known.name != output.name)
    return record.model_copy(update={"outputs": (*others, output)})


def request_cancel(record: RunRecord) -> RunRecord:
    """Mark a running run as Canceling. A run that is over stays as it is."""
    if record.state is not RunState.RUNNING:
        return record
    return record.model_copy(update={"state": RunState.CANCELING})


def stop(record: RunRecord, at: datetime, error: ErrorDetail, *, canceled: bool) -> RunRecord:
    """End the running phase as Failed or Canceled; the run ends after clean-up. A run that is over stays as it is."""
    if record.state.is_final:
        return record
    state = PhaseState.CANCELED if canceled else PhaseState.FAILED
    phases = tuple(_ended(known, at, state, None if canceled else error) for known in record.phases)
    return record.model_copy(update={"phases": phases, "error": error})


def finish(
    record: RunRecord,
    state: RunState,
    at: datetime,
    message: str,
    error: ErrorDetail | None,
    leftovers: tuple[str, ...],
    kept: tuple[str, ...] = (),
) -> RunRecord:
    """End the run in a final state. A run that is over stays as it is.

    `leftovers` are resources that could not be deleted; `kept` (ARM ids) are those left on purpose.
    """
    if record.state.is_final:
        return record
    phases = tuple(_ended(known, at, PhaseState.SUCCEEDED) for known in record.phases)
    return record.model_copy(
        update={
            "state": state,
            "sub_state": None,
            "ended": at,
            "message": message,
            "error": error,
            "phases": phases,
            "leftovers": leftovers,
            "kept": kept,
        }
    )


def strike_leftovers(record: RunRecord, gone: Collection[str]) -> RunRecord:
    """Remove from the run's leftovers those that are gone by now (ids)."""
    left = tuple(text for text in record.leftovers if text.split(": ")[0] not in gone)
    return record.model_copy(update={"leftovers": left})


def settle(record: TemplateRecord, version: int, at: datetime, error: ProvisioningError | None) -> TemplateRecord:
    """End the submission of one version of the template, with or without `error`.

    A template that has a newer version by now, or is being deleted, keeps its state; only the end of this submission is
    noted.
    """
    if record.settled >= version:
        return record
    if record.version != version or record.provisioning_state is ProvisioningState.DELETING:
        return record.model_copy(update={"settled": version})
    state = ProvisioningState.FAILED if error else ProvisioningState.SUCCEEDED
    return record.model_copy(
        update={"settled": version, "settled_at": at, "provisioning_state": state, "provisioning_error": error}
    )


def begin_deletion(record: TemplateRecord, at: datetime) -> TemplateRecord:
    """Mark the template as being deleted since `at`; one that is being deleted already stays as it is."""
    if record.provisioning_state is ProvisioningState.DELETING:
        return record
    leaving = {"provisioning_state": ProvisioningState.DELETING, "deletion_began": at, "deletion_error": None}
    return record.model_copy(update=leaving)


def abandon_deletion(record: TemplateRecord, error: ErrorDetail) -> TemplateRecord:
    """Mark a template that could not be deleted as Failed; one that is not being deleted stays as it is."""
    if record.provisioning_state is not ProvisioningState.DELETING:
        return record
    why = f"The image template could not be deleted: {error.message}"
    hint = f"{error.hint or 'Remove what prevents the deletion, such as a lock.'} Then delete the template again."
    told = error.model_copy(update={"message": why, "hint": hint})
    staying = {"provisioning_state": ProvisioningState.FAILED, "deletion_began": None, "deletion_error": told}
    return record.model_copy(update=staying)


def publish_outputs(template: TemplateRecord, run: RunRecord) -> TemplateRecord:
    """Make the run's good outputs the template's latest ones, if the run is still the template's latest.

    It is the latest until it is over. So a run that is ended twice does not overwrite the outputs of a later run, nor
    those of a new template of the same name.
    """
    if template.run_id != run.run_id:
        return template
    good = {output.name: output for output in run.outputs if output.error is None}
    return template.model_copy(update={"outputs": {**template.outputs, **good}})


def _ended(phase: PhaseRecord, at: datetime, state: PhaseState, error: ErrorDetail | None = None) -> PhaseRecord:
    if phase.state is not PhaseState.RUNNING:
        return phase
    return phase.model_copy(update={"state": state, "ended": at, "error": error})
