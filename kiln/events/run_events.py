"""The events of a run so far, in order, made from its record alone.

It is pure and returns all of them each time; the outbox knows by their ids which are new. So no event gets lost in a
crash, and none is announced twice.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from kiln.events.cloud_events import of_run
from kiln.events.payloads import (
    TEXT_LIMIT,
    BuildCanceled,
    BuildFailed,
    BuildPartiallySucceeded,
    BuildPhaseChanged,
    BuildStarted,
    BuildSucceeded,
    ImageError,
    ImagePublished,
    ImageRegionReady,
    Output,
    SourceImage,
)
from kiln.ids import name_of
from kiln.runs.record import PhaseRecord, PhaseState, RunOutput, RunRecord, RunState
from kiln.template.parse import parse_stored
from kiln.template.sources import ManagedImageSource, PlatformImageSource, SharedImageSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kiln.errors import ErrorDetail
    from kiln.events.cloud_events import CloudEvent
    from kiln.events.payloads import BuildEnded

Outputs = tuple[RunOutput, ...]


def events_of(run: RunRecord, now: datetime, before: Outputs = ()) -> tuple[CloudEvent, ...]:
    """Return all events of the run so far, in order.

    `now` is the time of an event for which the record has none: that a region can be used. `before` has the outputs of
    the run that this one is a retry of; events that told of them are not repeated.
    """
    said = {output.artifact_id or output.artifact_uri: output for output in before}
    return (
        *_beginning(run),
        *(event for output in run.outputs for event in _regions(run, output, now, said.get(output.artifact_id))),
        *_end(run, said),
    )


def template_hash(body: dict[str, Any]) -> str:
    """Return the SHA-256 of a template's body in one canonical form, as 64 hex digits."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _beginning(run: RunRecord) -> Iterator[CloudEvent]:
    previous: PhaseRecord | None = None
    for phase in run.phases:
        if previous is None:
            started = BuildStarted(**_names(run), source=_source(run), requested=run.requested)
            yield of_run(started, phase.started)
        changed = BuildPhaseChanged(
            **_names(run),
            phase=phase.name,
            previous=previous.name if previous else None,
            previous_seconds=_seconds(previous.started, phase.started) if previous else None,
        )
        yield of_run(changed, phase.started, phase.name.replace(" ", "-"))
        previous = phase


def _regions(run: RunRecord, output: RunOutput, now: datetime, said: RunOutput | None) -> Iterator[CloudEvent]:
    if output.artifact_id is None:
        return
    for region in output.regions:
        if said is None or region not in said.regions:
            ready = ImageRegionReady(
                **_names(run),
                output=output.name,
                artifact_id=output.artifact_id,
                version=_version(output),
                region=region,
            )
            yield of_run(ready, now, output.name, region)


def _end(run: RunRecord, said: dict[str | None, RunOutput]) -> Iterator[CloudEvent]:
    if not run.state.is_final or run.ended is None:
        return
    for output in run.outputs:
        made = output.artifact_id or output.artifact_uri
        if made is not None and not _is_same(output, said.get(made)):
            yield of_run(_published(run, output, run.ended), run.ended, output.name)
    yield of_run(_ended(run, run.ended), run.ended)


def _is_same(output: RunOutput, before: RunOutput | None) -> bool:
    return before is not None and (set(before.regions), before.error) == (set(output.regions), output.error)


def _published(run: RunRecord, output: RunOutput, ended: datetime) -> ImagePublished:
    return ImagePublished(
        **_names(run),
        output=_output(output),
        version=_version(output),
        source=_source(run),
        template_hash=template_hash(run.body),
        run_state=run.state.value,
        seconds=_seconds(run.requested, ended),
        phase_seconds=_phase_seconds(run),
    )


def _ended(run: RunRecord, ended: datetime) -> BuildEnded:
    facts = {
        **_names(run),
        "seconds": _seconds(run.requested, ended),
        "phase_seconds": _phase_seconds(run),
        "outputs": tuple(_output(output) for output in run.outputs),
        "leftovers": run.leftovers,
    }
    match run.state:
        case RunState.SUCCEEDED:
            return BuildSucceeded(**facts)
        case RunState.PARTIALLY_SUCCEEDED:
            return BuildPartiallySucceeded(**facts)
        case RunState.CANCELED:
            return BuildCanceled(**facts, phase=_stopped_in(run))
        case _:
            return BuildFailed(**facts, error=error_of(run.error), phase=_stopped_in(run), log_url=run.log_url)


def _names(run: RunRecord) -> dict[str, Any]:
    return {
        "template": run.template.arm,
        "template_version": run.version,
        "run_id": run.run_id,
        "retry_of": run.retry_of,
    }


def _source(run: RunRecord) -> SourceImage | None:
    """Return the source of the run; None for a template that this version of Kiln cannot parse."""
    template = parse_stored(run.body)
    if template is None:
        return None
    source = template.properties.source
    match source:
        case PlatformImageSource():
            image = f"{source.publisher}:{source.offer}:{source.sku}"
        case ManagedImageSource():
            image = source.image_id
        case SharedImageSource():
            image = source.definition_id
    return SourceImage(type=source.type, image=image, version=run.source_version)


def _output(output: RunOutput) -> Output:
    return Output(
        name=output.name,
        kind=output.kind,
        artifact_id=output.artifact_id,
        artifact_uri=output.artifact_uri,
        regions=output.regions,
        error=error_of(output.error),
    )


def error_of(error: ErrorDetail | None) -> ImageError | None:
    """Return an error in the form that events carry, cut where it is too long."""
    if error is None:
        return None
    hint = error.hint[:TEXT_LIMIT] if error.hint else None
    return ImageError(code=error.code, message=error.message[:TEXT_LIMIT], target=error.target, hint=hint)


def _version(output: RunOutput) -> str | None:
    return name_of(output.artifact_id) if output.kind == "SharedImage" and output.artifact_id else None


def _stopped_in(run: RunRecord) -> str | None:
    """Return the phase whose error is the run's, or else the last that failed or was canceled.

    A run goes on after some failures, such as that of a validation whose image is distributed all the same.
    """
    stopped = [phase for phase in run.phases if phase.state in {PhaseState.FAILED, PhaseState.CANCELED}]
    at_fault = [phase for phase in stopped if phase.error is not None and phase.error == run.error]
    return next((phase.name.value for phase in (*at_fault, *reversed(stopped))), None)


def _phase_seconds(run: RunRecord) -> dict[str, float]:
    return {phase.name.value: _seconds(phase.started, phase.ended) for phase in run.phases if phase.ended is not None}


def _seconds(start: datetime, end: datetime) -> float:
    return round((end - start).total_seconds(), 3)
