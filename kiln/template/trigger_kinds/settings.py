"""The settings of every kind of trigger: whether it fires, how often, and after how many failures it stops.

It owns their forms and defaults, not what they do to a run.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from kiln.template.base import Flag, Int32, Model, Since, broken

LONGEST = timedelta(days=30)
_DURATION = re.compile(r"P(?=.)(\d{1,3}W|(\d{1,3}D)?(T(?=.)(\d{1,5}H)?(\d{1,5}M)?(\d{1,7}S)?)?)", re.ASCII)


def _duration(value: Any) -> Any:
    """Refuse texts that pydantic accepts beyond ISO 8601 (numbers, `hh:mm:ss`, signs), and months and years."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return _weeks(value)
    raise broken("Other", "expected an ISO 8601 duration in weeks, days, hours, minutes or seconds, such as PT30M")


def _weeks(text: str) -> Any:
    return timedelta(weeks=int(text[1:-1])) if text.endswith("W") else text


def _not_too_long(value: Any) -> Any:
    duration = _duration(value)
    if isinstance(duration, timedelta) and duration > LONGEST:
        raise broken("Other", "expected 30 days or less")
    return duration


Duration = Annotated[timedelta, Field(le=LONGEST), BeforeValidator(_not_too_long)]
"""An ISO 8601 duration of no more than 30 days."""


class TriggerSettings(Model):
    """Base of all kinds of triggers, with the settings that AIB's triggers do not have."""

    own_rules = "docs/triggers.md#settings-of-all-kinds"
    read_only = frozenset({"status", "provisioningState"})

    enabled: Annotated[Flag, Since(None)] = True
    cool_down: Annotated[Duration, Since(None)] = timedelta()
    batch_window: Annotated[Duration, Since(None)] = timedelta()
    failure_limit: Annotated[Int32, Field(ge=1, le=10), Since(None)] = 5
