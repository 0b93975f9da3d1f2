"""Event: a trigger that fires on CloudEvents, and which ones. Pure.

Whoever routes events to Kiln decides what comes; it must not know how.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kiln.template.base import Model, NonEmpty, Since
from kiln.template.trigger_kinds.settings import TriggerSettings

EventText = Annotated[NonEmpty, Field(max_length=256)]


class EventFilter(Model):
    """Which events count: those for which everything that is given is true."""

    types: Annotated[tuple[EventText, ...], Field(min_length=1, max_length=25)]
    sources: Annotated[tuple[EventText, ...], Field(max_length=25)] = ()
    subject_begins_with: Annotated[str, Field(max_length=256)] = ""
    subject_ends_with: Annotated[str, Field(max_length=256)] = ""


class EventTrigger(TriggerSettings):
    """Runs the template when an event comes that passes the filter."""

    kind: Annotated[Literal["Event"], Since(None)]
    filter: EventFilter


def matches(wanted: EventFilter, *, type_: str, source: str, subject: str) -> bool:
    """Whether an event passes the filter.

    Types are compared as they are; sources and subjects, which are mostly ARM ids, without regard to case, as Event
    Grid does ("Understand event filtering for Event Grid subscriptions").
    """
    about = subject.lower()
    return (
        type_ in wanted.types
        and (not wanted.sources or source.lower() in {known.lower() for known in wanted.sources})
        and about.startswith(wanted.subject_begins_with.lower())
        and about.endswith(wanted.subject_ends_with.lower())
    )
