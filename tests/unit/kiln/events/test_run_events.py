from __future__ import annotations

import hashlib
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from kiln.errors import ErrorDetail
from kiln.events.event_types import EventType
from kiln.events.run_events import events_of, template_hash
from kiln.runs.record import Phase, PhaseState, RunOutput, RunRecord, RunState
from kiln.runs.transitions import add_output, end_phase, enter_phase, finish, stop
from tests.unit.kiln.runs.records import BODY, NOW, WEB, run_record

if TYPE_CHECKING:
    from collections.abc import Callable

GALLERY = f"{WEB.arm.rpartition('/providers/')[0]}/providers/Microsoft.Compute/galleries/main/images/web"
DEBIAN = {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"}
DISTRIBUTE = [{"type": "VHD", "runOutputName": "vhd"}]
WHOLE = BODY | {"properties": {"source": DEBIAN, "distribute": DISTRIBUTE}}
ERROR = ErrorDetail(code="CustomizerFailed", message="x" * 9000, target="properties.customize[0]", hint="Look.")


def minute(number: float) -> Any:
    return NOW + timedelta(minutes=number)


def version(*regions: str, error: ErrorDetail | None = None) -> RunOutput:
    return RunOutput(
        name="gallery", kind="SharedImage", artifact_id=f"{GALLERY}/versions/1.0.7", regions=regions, error=error
    )


def running(*phases: Phase, **changes: Any) -> RunRecord:
    record = run_record(body=WHOLE, source_version="0.1.2", **changes)
    for at, phase in enumerate(phases):
        record = enter_phase(record, phase, minute(at))
    return record


def ended(record: RunRecord, state: RunState = RunState.SUCCEEDED, error: ErrorDetail | None = None) -> RunRecord:
    return finish(record, state, minute(30), "", error, ())


def types(record: RunRecord, before: tuple[RunOutput, ...] = ()) -> list[str]:
    return [event.type.removeprefix("Kiln.") for event in events_of(record, NOW, before)]


def test_a_run_that_has_not_begun_tells_nothing() -> None:
    assert events_of(run_record(), NOW) == ()
    assert types(ended(run_record(), RunState.CANCELED)) == ["Build.Canceled"]


def test_the_first_phase_begins_the_build() -> None:
    started, changed = events_of(running(Phase.PLAN), NOW)

    assert started.id == "20261122-022112-3f9c8a1b/Kiln.Build.Started"
    assert (started.source, started.subject, started.time) == (WEB.arm, "20261122-022112-3f9c8a1b", NOW)
    assert started.data["source"] == {"type": "PlatformImage", "image": "Debian:debian-12:12-gen2", "version": "0.1.2"}
    assert changed.data["phase"] == "plan"
    assert "previous" not in changed.data


def test_a_phase_tells_how_long_the_one_before_took() -> None:
    *_, last = events_of(running(Phase.PLAN, Phase.CLEAN_UP), minute(9))

    assert last.id.endswith("/Kiln.Build.PhaseChanged/clean-up")
    assert last.time == minute(1)
    assert (last.data["previous"], last.data["previousSeconds"]) == ("plan", 60.0)


def test_ids_are_those_of_the_fact_however_often_and_whenever_it_is_told() -> None:
    record = ended(add_output(running(Phase.PLAN, Phase.CAPTURE), version("westeurope", "northeurope")))

    ids = [event.id for event in events_of(record, minute(1))]

    assert ids == [event.id for event in events_of(record, minute(2))]
    assert len(set(ids)) == len(ids)


def test_what_a_run_tells_only_grows() -> None:
    record = running()
    changes: list[Callable[[RunRecord], RunRecord]] = [
        *(partial(enter_phase, phase=phase, at=minute(1)) for phase in Phase),
        lambda run: add_output(run, version("westeurope")),
        lambda run: add_output(run, version("northeurope")),
        lambda run: stop(run, minute(2), ERROR, canceled=False),
        ended,
    ]
    told: set[str] = set()
    for change in changes:
        record = change(record)
        ids = {event.id for event in events_of(record, NOW)}
        assert told <= ids
        told = ids
    assert len(told) == 1 + len(Phase) + 2 + 2


def test_a_region_is_told_when_it_is_known_and_a_vhd_has_none() -> None:
    vhd = RunOutput(name="vhd", kind="VHD", artifact_uri="https://x.blob.core.windows.net/vhds/a.vhd")
    record = add_output(add_output(running(Phase.CAPTURE), version("westeurope")), vhd)

    (ready,) = [event for event in events_of(record, minute(7)) if event.type is EventType.IMAGE_REGION_READY]

    assert ready.time == minute(7)
    assert ready.data["region"] == "westeurope"
    assert ready.data["version"] == "1.0.7"


def test_images_are_published_before_the_end_is_told_but_not_those_that_were_never_made() -> None:
    record = add_output(running(Phase.PLAN), version("westeurope"))
    record = add_output(record, RunOutput(name="image", kind="ManagedImage", error=ERROR))

    assert types(ended(record, RunState.PARTIALLY_SUCCEEDED))[-2:] == ["Image.Published", "Build.PartiallySucceeded"]


def test_a_finished_image_says_what_it_was_made_of_and_how_long_it_took() -> None:
    record = ended(add_output(running(Phase.PLAN, Phase.CAPTURE), version("westeurope")))

    published = events_of(record, NOW)[-2].data

    assert published["templateHash"] == template_hash(WHOLE)
    assert published["seconds"] == 1800.0
    assert published["phaseSeconds"] == {"plan": 60.0, "capture": 1740.0}
    assert published["runState"] == "Succeeded"


def test_a_failure_names_its_phase_and_its_text_has_an_end() -> None:
    record = stop(running(Phase.PLAN, Phase.CUSTOMIZE), minute(3), ERROR, canceled=False)
    record = ended(enter_phase(record, Phase.CLEAN_UP, minute(4)), RunState.FAILED, ERROR)

    failed = events_of(record, NOW)[-1].data

    assert failed["phase"] == "customize"
    assert failed["error"]["code"] == "CustomizerFailed"
    assert len(failed["error"]["message"]) == 4000


def test_a_failure_names_the_phase_whose_error_is_the_run_s() -> None:
    other = ErrorDetail(code="AzureFailed", message="no")
    record = end_phase(running(Phase.VALIDATE), Phase.VALIDATE, minute(1), PhaseState.FAILED, ERROR)
    record = end_phase(
        enter_phase(record, Phase.CAPTURE, minute(2)), Phase.CAPTURE, minute(3), PhaseState.FAILED, other
    )

    assert events_of(ended(record, RunState.FAILED, ERROR), NOW)[-1].data["phase"] == "validate"
    assert events_of(ended(record, RunState.FAILED, other), NOW)[-1].data["phase"] == "capture"


def test_a_retry_tells_only_what_was_not_told_before() -> None:
    before = (version("westeurope", error=ERROR), RunOutput(name="vhd", kind="VHD", artifact_uri="https://x/a.vhd"))
    record = running(Phase.PLAN, retry_of="20261121-000000-00000000")
    for output in (before[1], version("northeurope", "westeurope")):
        record = add_output(record, output)

    told = types(ended(record), before)

    assert told == ["Build.Started", "Build.PhaseChanged", "Image.RegionReady", "Image.Published", "Build.Succeeded"]


def test_a_template_of_other_rules_has_no_known_source() -> None:
    started, _ = events_of(enter_phase(run_record(), Phase.PLAN, NOW), NOW)

    assert "source" not in started.data


@pytest.mark.parametrize("other", [{"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}])
def test_the_hash_is_of_the_content_not_of_its_order(other: dict[str, Any]) -> None:
    assert template_hash(other) == template_hash({"b": [1, 2], "a": 1})
    assert template_hash(other) != template_hash({"b": [2, 1], "a": 1})
    assert template_hash({"é": "ü", "a": 1}) == hashlib.sha256('{"a":1,"é":"ü"}'.encode()).hexdigest()
