"""Schedules of timer triggers: NCRONTAB expressions with seconds, or intervals as hh:mm:ss.

It owns their syntax and the next occurrence, by the rules of NCrontab and CronSchedule in
Azure/azure-webjobs-sdk-extensions; it must not know who waits for it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_NAMES = {name[:length]: name[:3] for name in (*_MONTHS, *_DAYS) for length in (3, len(name))}
_FIELD = re.compile(r"[0-9a-z*,/-]+")
_INTERVAL = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2}))?")
_WITHOUT_SECONDS, _WITH_SECONDS = 5, 6
_SUNDAY_AGAIN = re.compile(r"\b7\b")
_FROM_A_DAY = re.compile(r"(?<![-\d])(\d)/")
_SOME_DAY = datetime(2000, 1, 1)  # noqa: DTZ001  # cron reckons without zones


class ScheduleError(ValueError):
    """A schedule that the Functions host would not take."""


class Schedule(Protocol):
    """The schedule of a timer."""

    def next(self, after: datetime) -> datetime:
        """Return the first occurrence after a time; both aware, the result in UTC."""
        ...


def is_frequent(schedule: Schedule, now: datetime) -> bool:
    """Whether a schedule has more than one occurrence in the next minute; the host then keeps no state of it."""
    return schedule.next(schedule.next(now)) <= now + timedelta(minutes=1)


def parse(text: str) -> Schedule:
    """Read a schedule; %SETTING% is taken from the environment, as the time zone is. Raises ScheduleError."""
    resolved = re.sub(r"%([^%]+)%", lambda match: _setting(text, match[1]), text).strip()
    interval = _INTERVAL.fullmatch(resolved)
    if interval is not None:
        days, hours, minutes, seconds = (int(part or 0) for part in interval.groups())
        period = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if period <= timedelta():
            raise ScheduleError(f"the interval '{text}' is none")
        return Interval(period)
    return Cron(_checked(resolved), zone())


def _setting(schedule: str, name: str) -> str:
    if name not in os.environ:
        raise ScheduleError(f"the schedule '{schedule}' needs the setting '{name}', which is not set")
    return os.environ[name]


def zone() -> ZoneInfo:
    """Return the zone of the app's timers: WEBSITE_TIME_ZONE with an IANA name, as on Linux; else UTC."""
    name = os.environ.get("WEBSITE_TIME_ZONE") or "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ScheduleError(f"WEBSITE_TIME_ZONE is '{name}', which is no IANA time zone") from error


def _checked(text: str) -> str:
    """Return an expression, checked to have six fields that NCrontab knows: no ?, L, W and #, and Sunday is 0 alone."""
    fields = text.lower().split()
    if len(fields) == _WITHOUT_SECONDS:
        fields.insert(0, "0")
    if len(fields) != _WITH_SECONDS:
        raise ScheduleError(f"'{text}' is neither an NCRONTAB expression of six fields nor an interval")
    named = []
    for field in fields:
        if not _FIELD.fullmatch(field):
            raise ScheduleError(f"'{text}': NCRONTAB does not know '{field}'")
        try:
            named.append(re.sub(r"[a-z]+", lambda match: _NAMES[match[0]], field))
        except KeyError as error:
            raise ScheduleError(f"'{text}': {error} is no month or day") from error
    if _SUNDAY_AGAIN.search(re.sub(r"/\d+", "", named[-1])):
        raise ScheduleError(f"'{text}': the days of the week are 0 (Sunday) to 6")
    # Cron counts from a day up to 7, which is Sunday again; NCrontab up to 6.
    named[-1] = _FROM_A_DAY.sub(r"\1-6/", named[-1])
    expression = " ".join(named)
    try:
        next(_simulator(expression, _SOME_DAY))
    except (CronSimError, StopIteration) as error:
        raise ScheduleError(f"'{text}' is malformed or never fires: {error}") from error
    return expression


def _simulator(expression: str, after: datetime) -> CronSim:
    simulator = CronSim(expression, after)
    # In NCrontab, day of the month and day of the week must both match; in cron, either may do.
    simulator.day_and = True
    return simulator


@dataclass(frozen=True)
class Interval:
    """A constant interval, counted from the last time."""

    period: timedelta

    def next(self, after: datetime) -> datetime:
        """Return the end of the interval that begins at a time."""
        return after.astimezone(UTC) + self.period


@dataclass(frozen=True)
class Cron:
    """A checked expression in a time zone."""

    expression: str
    zone: ZoneInfo

    def next(self, after: datetime) -> datetime:
        """Return the next time by the zone's clock; a clock that is put back repeats intervals, but no points."""
        now = after.astimezone(self.zone)
        found = self._next(now.replace(tzinfo=None))
        # A time that the clock skips is read with the offset before; one that it repeats, as the second, as in .NET.
        then = found.replace(tzinfo=self.zone, fold=1 if self._repeated(found) else 0)
        shift = (then.utcoffset() or timedelta()) - (now.utcoffset() or timedelta())
        if self._interval and shift and (self._repeated(found) or self._repeated(now)):
            return then.astimezone(UTC) + shift
        if not self._interval and self._repeated(found):
            if shift:
                return then.astimezone(UTC) + shift
            while self._repeated(found):
                found = self._next(found)
            then = found.replace(tzinfo=self.zone)
        return then.astimezone(UTC)

    @property
    def _interval(self) -> bool:
        """Whether it is "every so often" and not a point in time: a *, - or / in seconds, minutes or hours."""
        return any(sign in field for field in self.expression.split()[:3] for sign in "*-/")

    def _next(self, naive: datetime) -> datetime:
        return next(_simulator(self.expression, naive))

    def _repeated(self, moment: datetime) -> bool:
        first, second = (moment.replace(tzinfo=self.zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
        return first > second
