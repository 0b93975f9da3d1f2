"""Schedule: a trigger that fires by the clock of a time zone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator

from kiln.ncrontab import Schedule, ScheduleInvalid, parse_schedule, parse_zone
from kiln.template.base import Since, broken
from kiln.template.trigger_kinds.settings import TriggerSettings

_UTC = parse_zone("UTC")


def _schedule(text: str) -> str:
    try:
        parse_schedule(text, _UTC)
    except ScheduleInvalid as error:
        raise broken("Other", str(error)) from error
    return text


def _zone(name: str) -> str:
    try:
        parse_zone(name)
    except ScheduleInvalid as error:
        raise broken("Other", str(error)) from error
    return name


class ScheduleTrigger(TriggerSettings):
    """A trigger that runs the template at the times of an NCRONTAB schedule."""

    section = "docs/triggers.md#schedule"

    kind: Annotated[Literal["Schedule"], Since(None)]
    schedule: Annotated[str, AfterValidator(_schedule)]
    time_zone: Annotated[str, AfterValidator(_zone)] = "UTC"

    @property
    def times(self) -> Schedule:
        """The times at which the trigger is due."""
        return parse_schedule(self.schedule, parse_zone(self.time_zone))
