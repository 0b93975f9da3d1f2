"""Rebuilds for events in any number and order: one build for a version, and the newest is never lost."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kiln.rebuild import claims
from kiln.rebuild.decide import Skip, Start, Version, Wait, decide
from kiln.rebuild.source import version_order
from tests.unit.kiln.rebuild.some_facts import NOTHING_KNOWN, NOW, some_facts, trigger

if TYPE_CHECKING:
    from kiln.rebuild.claims import RebuildRecord
    from kiln.template.trigger_kinds.source_image import SourceImageTrigger

LEASE = timedelta(minutes=15)
BUILD = timedelta(minutes=20)
HERE, ELSEWHERE = ("westeurope",), ("northeurope",)


@dataclass
class Template:
    """A template with its record and its runs, as the store has them, and the clock."""

    trigger: SourceImageTrigger
    now: datetime = NOW
    record: RebuildRecord = NOTHING_KNOWN
    runs: list[tuple[str, datetime]] = field(default_factory=list)

    def look(self, event: Event) -> None:
        """Let one event's orchestration look once, and do what is decided."""
        last = self.runs[-1] if self.runs else None
        is_going = last is not None and self.now < last[1]
        facts = some_facts(
            version=event.version,
            trigger=self.trigger,
            record=self.record,
            by=event.by,
            now=self.now,
            attempt=event.looks,
            built=max((version for version, _ in self.runs), key=version_order, default=None),
            going="a run" if is_going else None,
            ended=last[1] if last and not is_going else None,
        )
        event.looks += 1
        name = event.version.name
        match decide(facts):
            case Skip():
                self.record = claims.stop_waiting(self.record, event.by)
                event.due = None
            case Wait(_, pause):
                self.record = claims.wait(self.record, name, event.by, self.now, self.now + pause + LEASE)
                event.due = self.now + pause
            case Start():
                self.record = claims.claim(self.record, name, event.by, f"run-{len(self.runs)}", self.now)
                assert self.record.claimed is not None
                assert self.record.claimed.by == event.by
                self.runs.append((name, self.now + BUILD))
                event.due = None


@dataclass
class Event:
    """An event and the orchestration that it started, with the time of its next look; None when it is over."""

    by: str
    version: Version
    due: datetime | None
    looks: int = 0


def drain(template: Template, events: list[Event]) -> None:
    """Let every orchestration look whenever it is due, until all are over."""
    for event in events:
        expected = claims.expect(template.record, event.version.name, event.by, template.now, template.now + LEASE)
        template.record = expected
    open_events = list(events)
    while open_events:
        following = min(open_events, key=lambda event: event.due or template.now)
        template.now = max(template.now, following.due or template.now)
        template.look(following)
        if following.due is None:
            open_events.remove(following)


def built(template: Template) -> list[str]:
    return [version for version, _ in template.runs]


events = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from([None, HERE, ELSEWHERE]), st.integers(0, 7200)),
    min_size=1,
    max_size=60,
)
triggers: Any = st.sampled_from(
    [trigger(), trigger(coolDown="PT1H"), trigger(batchWindow="PT30M"), trigger(coolDown="P1D", batchWindow="PT1H")]
)


@given(told=events, settings_=triggers)
@settings(max_examples=60, deadline=None)
def test_a_version_is_built_once_and_the_newest_that_can_be_is_never_lost(
    told: list[tuple[int, Any, int]], settings_: SourceImageTrigger
) -> None:
    template = Template(settings_)
    drain(
        template,
        [
            Event(f"o{index}", Version(name=f"1.0.{patch}", regions=regions), NOW + timedelta(seconds=after))
            for index, (patch, regions, after) in enumerate(told)
        ],
    )

    versions = built(template)
    assert len(versions) == len(set(versions))
    assert versions == sorted(versions, key=version_order)
    usable = [patch for patch, regions, _ in told if regions != ELSEWHERE]
    assert versions[-1:] == [f"1.0.{max(usable)}" for _ in usable[:1]]


def test_ten_thousand_duplicates_out_of_order_lead_to_one_build_of_the_newest() -> None:
    shuffled = [f"1.0.{number % 10}" for number in range(10_000)]
    random.Random(4).shuffle(shuffled)
    template = Template(trigger(batchWindow="PT1M"))

    drain(template, [Event(f"o{index}", Version(name=name), NOW) for index, name in enumerate(shuffled)])

    assert built(template) == ["1.0.9"]


def test_ten_thousand_events_of_ten_versions_in_a_row_lead_to_ten_builds() -> None:
    template = Template(trigger())
    spread = [
        Event(f"o{index}", Version(name=f"1.0.{index // 1000}"), NOW + timedelta(hours=index // 1000))
        for index in range(10_000)
    ]
    for start in range(0, 10_000, 1000):
        template.now = max(template.now, NOW + timedelta(hours=start // 1000))
        drain(template, spread[start : start + 1000])

    assert built(template) == [f"1.0.{number}" for number in range(10)]
