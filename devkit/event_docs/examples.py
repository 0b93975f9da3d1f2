"""One example of each event, made of example records by the code that makes the real ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kiln.errors import ErrorDetail
from kiln.events.cloud_events import of_source, of_trigger
from kiln.events.payloads import (
    Alternative,
    ImageError,
    SourceDeprecating,
    SourceVersionPublished,
    TriggerDeactivated,
    TriggerReactivated,
)
from kiln.events.run_events import events_of
from kiln.ids import RunRef, TemplateId, resource_id
from kiln.runs.record import Phase, PhaseRecord, PhaseState, RunOutput, RunRecord, RunState

if TYPE_CHECKING:
    from kiln.events.cloud_events import CloudEvent
    from kiln.events.event_types import EventType

_SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
_TEMPLATE = TemplateId(subscription=_SUBSCRIPTION, group="rg-images", name="web")
_IMAGE = resource_id(_SUBSCRIPTION, "rg-images", "Microsoft.Compute/galleries/images", "main", "web")
_START = datetime(2026, 11, 22, 2, 21, 12, tzinfo=UTC)
_RUN = RunRef(template=_TEMPLATE, run_id="20261122-022112-3f9c8a1b")
_SOURCE = {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "latest"}
_BODY: dict[str, Any] = {
    "location": "westeurope",
    "identity": {"type": "None"},
    "properties": {
        "source": _SOURCE,
        "customize": [{"type": "Shell", "name": "install-nginx", "inline": ["apt-get install -y nginx"]}],
        "distribute": [{"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": _IMAGE}],
    },
}
_MINUTES = {
    Phase.PLAN: 0, Phase.STAGE: 1, Phase.PROVISION: 2, Phase.CUSTOMIZE: 4, Phase.GENERALIZE: 9, Phase.CAPTURE: 11,
    Phase.DISTRIBUTE: 15, Phase.CLEAN_UP: 24,
}  # fmt: skip
_END = 26
_FAILURE = ErrorDetail(
    code="CustomizerFailed",
    message="Customizer 'install-nginx' ended with exit code 100. Its last output was:\nE: Unable to locate package",
    target="properties.customize[0]",
    hint="The whole output is in customization.log.",
)
_LATE = ErrorDetail(
    code="ReplicationFailed",
    message=f"{_IMAGE}/versions/1.0.7 is not in northeurope.",
    target="properties.distribute",
    hint="The image can be used in its other regions; a retry of the run tries the missing ones alone.",
)
_LOG = "https://kilnweb3f9c8a1b.blob.core.windows.net/packerlogs/20261122-022112-3f9c8a1b/customization.log"


def _output(*regions: str, error: ErrorDetail | None = None) -> RunOutput:
    return RunOutput(
        name="gallery", kind="SharedImage", artifact_id=f"{_IMAGE}/versions/1.0.7", regions=regions, error=error
    )


def _run(state: RunState, *outputs: RunOutput, until: Phase = Phase.CLEAN_UP, **facts: Any) -> RunRecord:
    stopped = {RunState.FAILED: PhaseState.FAILED, RunState.CANCELED: PhaseState.CANCELED}.get(
        state, PhaseState.SUCCEEDED
    )
    minutes = {phase: at for phase, at in _MINUTES.items() if at <= _MINUTES[until]}
    ends = [*list(minutes.values())[1:], _END]
    phases = tuple(
        PhaseRecord(
            name=phase,
            state=stopped if phase is until else PhaseState.SUCCEEDED,
            started=_START + timedelta(minutes=start),
            ended=_START + timedelta(minutes=end),
        )
        for (phase, start), end in zip(minutes.items(), ends, strict=True)
    )
    return RunRecord(
        run_id=_RUN.run_id,
        instance_id=f"web-{_RUN.run_id}",
        template=_TEMPLATE,
        body=_BODY,
        version=3,
        state=state,
        requested=_START,
        ended=_START + timedelta(minutes=_END),
        phases=phases,
        outputs=outputs,
        source_version="0.20261101.1923",
        log_url=_LOG,
        **facts,
    )


def _examples() -> dict[EventType, CloudEvent]:
    ready = _START + timedelta(minutes=17)
    runs = (
        _run(RunState.CANCELED, until=Phase.CUSTOMIZE),
        _run(RunState.FAILED, until=Phase.CUSTOMIZE, error=_FAILURE),
        _run(RunState.PARTIALLY_SUCCEEDED, _output("westeurope", error=_LATE)),
        _run(RunState.SUCCEEDED, _output("westeurope", "northeurope")),
    )
    told = [
        event.model_copy(update={"sequence": f"{place:06}"})
        for run in runs
        for place, event in enumerate(events_of(run, ready), 1)
    ]
    market = {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "region": "westeurope"}
    told += [
        of_source(
            SourceVersionPublished(**market, version="0.20261101.1923", previous="0.20261015.1898"),
            _SUBSCRIPTION,
            _START,
        ),
        of_source(
            SourceDeprecating(
                **market,
                version="0.20261101.1923",
                scheduled=datetime(2027, 6, 30, tzinfo=UTC),
                alternative=Alternative(kind="Offer", value="debian-13"),
            ),
            _SUBSCRIPTION,
            _START,
        ),
        of_trigger(
            TriggerDeactivated(
                template=_TEMPLATE.arm,
                trigger="source",
                failures=5,
                last_run_id=_RUN.run_id,
                last_error=ImageError(code=_FAILURE.code, message=_FAILURE.message, target=_FAILURE.target),
            ),
            _RUN,
            "source",
            _START,
        ),
        of_trigger(
            TriggerReactivated(template=_TEMPLATE.arm, trigger="source", run_id=_RUN.run_id), _RUN, "source", _START
        ),
    ]
    return {event.type: event for event in told}  # the last of each type: those of the run that succeeded


EXAMPLES = _examples()
"""The example event of each type."""
