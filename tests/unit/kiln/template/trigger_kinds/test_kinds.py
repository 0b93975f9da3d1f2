from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kiln.errors import TemplateInvalid
from kiln.template.parse import parse_template
from kiln.template.trigger_kinds.event import EventFilter, matches
from kiln.template.trigger_kinds.source_image import SourceImageTrigger
from kiln.template.trigger_kinds.webhook import WebhookTrigger
from kiln.template.triggers import check_trigger, parse_trigger
from tests.unit.kiln.template.bodies import BODY, GALLERY_IMAGE, changed

SECRET = "s3cret-" + "x" * 32
SCHEDULE = {"kind": "Schedule", "schedule": "0 3 * * *"}
EVENT = {"kind": "Event", "filter": {"types": ["Some.Type"]}}
WEBHOOK = {"kind": "Webhook", "secret": SECRET}


def problems(properties: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(TemplateInvalid) as raised:
        parse_trigger({"properties": properties})
    return {problem.path.removeprefix("properties."): problem.message for problem in raised.value.problems}


def test_settings_have_defaults_and_are_left_out_of_what_was_not_said() -> None:
    trigger = parse_trigger({"properties": {"kind": "SourceImage"}})
    settings = trigger.properties
    assert isinstance(settings, SourceImageTrigger)
    assert (settings.enabled, settings.failure_limit, settings.version_filter) == (True, 5, None)
    assert (settings.cool_down, settings.batch_window) == (timedelta(), timedelta())
    kept = trigger.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert kept == {"properties": {"kind": "SourceImage"}}


@pytest.mark.parametrize("properties", [{"kind": "SourceImage"}, SCHEDULE, EVENT, WEBHOOK])
def test_every_kind_takes_all_settings_and_survives_being_stored(properties: dict[str, Any]) -> None:
    settings = {"enabled": False, "coolDown": "PT1H30M", "batchWindow": "P1DT2S", "failureLimit": 10}
    trigger = parse_trigger({"properties": {**properties, **settings}})
    assert trigger.properties.cool_down == timedelta(hours=1, minutes=30)
    stored = trigger.model_dump(mode="json", by_alias=True, exclude_unset=True)
    again = parse_trigger(stored)
    assert again.model_dump(mode="json", by_alias=True, exclude_unset=True) == stored
    assert stored["properties"]["coolDown"] == "PT1H30M"


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "1h", "01:30:00", "-PT1H", "P1M", "P1Y", 3600, None, True, "P1W2D", "P\uff11W", "PT\uff11H"]
)
def test_what_is_no_duration_is_refused(text: Any) -> None:
    found = problems({"kind": "SourceImage", "coolDown": text} if text is not None else {"kind": "x", "coolDown": None})
    assert ("ISO 8601" in found["coolDown"]) if text is not None else "kind" in found


@pytest.mark.parametrize(("text", "days"), [("P4W", 28), ("P30D", 30), ("PT24H", 1)])
def test_durations_are_weeks_days_and_less(text: str, days: int) -> None:
    trigger = parse_trigger({"properties": {"kind": "SourceImage", "coolDown": text}})
    assert trigger.properties.cool_down == timedelta(days=days)


def test_all_that_is_wrong_is_told_at_once_by_path() -> None:
    found = problems(
        {
            "kind": "Schedule",
            "schedule": "every day",
            "timeZone": "Mars",
            "enabled": "yes",
            "coolDown": "P31D",
            "failureLimit": 11,
            "versionFilter": "22.*",
        }
    )
    assert set(found) == {
        "schedule", "timeZone", "enabled", "coolDown", "failureLimit", "versionFilter",
    }  # fmt: skip
    assert found["failureLimit"] == "expected 10 or less, got a number"
    assert "30 days or less" in found["coolDown"]
    assert "not a property here" in found["versionFilter"]


def test_a_filter_of_events_needs_types() -> None:
    assert set(problems({"kind": "Event", "filter": {"sources": [""], "types": []}})) == {
        "filter.types",
        "filter.sources[0]",
    }
    assert set(problems({"kind": "Event"})) == {"filter"}


@pytest.mark.parametrize("secret", ["short", "x" * 257, "\N{GREEK SMALL LETTER ALPHA}" * 40, "a\n" * 20, 5, ["x" * 40]])
def test_a_bad_secret_is_refused_and_not_repeated(secret: Any) -> None:
    found = problems({"kind": "Webhook", "secret": secret})
    assert found == {"secret": "expected 32 to 256 printable ASCII characters"}


def test_a_secret_is_neither_stored_with_its_trigger_nor_printed() -> None:
    trigger = parse_trigger({"properties": WEBHOOK})
    assert isinstance(trigger.properties, WebhookTrigger)
    assert trigger.properties.secret is not None
    assert trigger.properties.secret.reveal() == SECRET
    for text in (repr(trigger), str(trigger), trigger.model_dump_json(by_alias=True), str(trigger.model_dump())):
        assert SECRET not in text


@pytest.mark.parametrize("properties", [SCHEDULE, EVENT, WEBHOOK])
def test_other_kinds_take_any_source_but_no_fixed_target_version(properties: dict[str, Any]) -> None:
    trigger = parse_trigger({"properties": properties})
    fixed_source = parse_template(changed("properties.source.version", "1.2.3"))
    assert check_trigger(fixed_source, trigger, [trigger]) == ()
    fixed_target = parse_template(changed("properties.distribute.0.galleryImageId", f"{GALLERY_IMAGE}/versions/1.2.3"))
    (problem,) = check_trigger(fixed_target, trigger, ())
    assert problem.path == "properties.distribute[0].galleryImageId"


def test_one_source_image_trigger_stands_beside_others() -> None:
    source_image = parse_trigger({"properties": {"kind": "SourceImage"}})
    others = [parse_trigger({"properties": properties}) for properties in (SCHEDULE, EVENT, WEBHOOK)]
    assert check_trigger(parse_template(BODY), source_image, others) == ()


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        ({}, True),
        ({"types": ["Other", "Some.Type"]}, True),
        ({"types": ["some.type"]}, False),
        ({"sources": ["/A/b"]}, True),
        ({"sources": ["/a"]}, False),
        ({"subjectBeginsWith": "RUN-"}, True),
        ({"subjectEndsWith": "-1"}, True),
        ({"subjectBeginsWith": "run-2"}, False),
        ({"subjectEndsWith": "-1", "sources": ["/other"]}, False),
    ],
)
def test_an_event_passes_when_all_that_is_given_is_true(wanted: dict[str, Any], passes: bool) -> None:  # noqa: FBT001 - a table's column
    known = EventFilter.model_validate({"types": ["Some.Type"], **wanted})
    assert matches(known, type_="Some.Type", source="/a/B", subject="run-1") is passes
