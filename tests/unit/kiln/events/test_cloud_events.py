from __future__ import annotations

from datetime import datetime, timedelta, timezone

from kiln.events.cloud_events import of_source, of_trigger
from kiln.events.payloads import SourceDeprecating, SourceVersionPublished, TriggerDeactivated
from kiln.ids import RunRef
from tests.unit.kiln.runs.records import NOW, WEB

MARKET = {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "region": "westeurope", "version": "1.2.3"}


def test_a_source_s_event_is_named_by_what_is_published_where() -> None:
    event = of_source(SourceVersionPublished(**MARKET), WEB.subscription, NOW)

    assert event.id == "Kiln.SourceImage.VersionPublished/westeurope/debian/debian-12/12-gen2/1.2.3"
    assert event.subject == "1.2.3"
    assert event.source == (
        f"/subscriptions/{WEB.subscription}/providers/Microsoft.Compute/locations/westeurope"
        "/publishers/Debian/artifacttypes/vmimage/offers/debian-12/skus/12-gen2"
    )


def test_one_version_s_events_of_two_types_have_two_ids() -> None:
    ids = {of_source(kind(**MARKET), "s", NOW).id for kind in (SourceVersionPublished, SourceDeprecating)}

    assert len(ids) == 2


def test_a_trigger_s_event_is_named_by_the_run_that_caused_it() -> None:
    payload = TriggerDeactivated(template=WEB.arm, trigger="source", failures=5)

    event = of_trigger(payload, RunRef(template=WEB, run_id="run"), "source", NOW)

    assert (event.id, event.subject, event.source) == ("run/Kiln.Trigger.Deactivated/source", "source", WEB.arm)


def test_times_are_in_utc() -> None:
    elsewhere = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=2)))

    event = of_source(SourceVersionPublished(**MARKET), "s", elsewhere)

    assert event.model_dump(mode="json")["time"] == "2026-11-22T10:00:00Z"
