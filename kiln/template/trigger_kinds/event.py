"""Event: a trigger that fires for CloudEvents, and the filter of these events. Pure.

It does not know how events come to Kiln.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kiln.template.base import Model, NonEmpty, Since
from kiln.template.trigger_kinds.settings import TriggerSettings

EventText = Annotated[NonEmpty, Field(max_length=256)]


class EventFilter(Model):
    """The filter of events: an event passes if it meets every condition that is given."""

    types: Annotated[tuple[EventText, ...], Field(min_length=1, max_length=25)]
    sources: Annotated[tuple[EventText, ...], Field(max_length=25)] = ()
    subject_begins_with: Annotated[str, Field(max_length=256)] = ""
    subject_ends_with: Annotated[str, Field(max_length=256)] = ""


class EventTrigger(TriggerSettings):
    """A trigger that runs the template when an event passes the filter."""

    section = "docs/triggers.md#event"

    kind: Annotated[Literal["Event"], Since(None)]
    filter: EventFilter


def matches(wanted: EventFilter, *, type_: str, source: str, subject: str) -> bool:
    """Whether an event passes the filter.

    Types are compared with case; sources and subjects, which are mostly ARM ids, without case, as Event Grid does
    ("Understand event filtering for Event Grid subscriptions").
    """
    about = subject.lower()
    return (
        type_ in wanted.types
        and (not wanted.sources or source.lower() in {known.lower() for known in wanted.sources})
        and about.startswith(wanted.subject_begins_with.lower())
        and about.endswith(wanted.subject_ends_with.lower())
    )
