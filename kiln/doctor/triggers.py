"""Examine triggers: find those that are deactivated, failing or late, and the schedule that is due next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.automation.pending_events import AllPendingEvents
from kiln.doctor.contracts import Found
from kiln.doctor.findings import Area, Fact, Finding, Severity
from kiln.errors import DocumentUnreadable, TemplateInvalid
from kiln.parallel import run_each
from kiln.rebuild.source_records import Sources
from kiln.runs.reading import reason
from kiln.runs.recent import readable_runs
from kiln.runs.templates import Templates
from kiln.runs.trigger_health import health
from kiln.runs.triggers import Triggers
from kiln.template.trigger_kinds.schedule import ScheduleTrigger
from kiln.template.triggers import parse_trigger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from kiln.runs.record import TemplateRecord, TriggerRecord

LATE = timedelta(minutes=30)
"""How late a trigger may fire: schedules are checked every minute, so a longer delay means that something blocks it."""


def examine(now: datetime) -> Found:
    """Return findings for the triggers that are switched on, and when the next schedule is due."""
    findings: list[Finding] = [*_silent_sources()]
    due: list[tuple[datetime, str]] = []
    count = 0
    for attempt in run_each(Triggers().all_names(), lambda name: _seen(name, now)):
        if isinstance(attempt.fault, DocumentUnreadable):
            continue  # reported in the area of documents
        if attempt.fault is not None:
            findings.append(_silent(attempt.item, reason(attempt.fault)))
        elif attempt.result is not None:
            findings += attempt.result.findings
            due += attempt.result.due
            count += attempt.result.is_on
    return Found(findings=tuple(findings), facts=tuple(_facts(count, due)))


@dataclass(frozen=True)
class _Seen:
    """The result of examining one trigger."""

    is_on: bool = False
    findings: tuple[Finding, ...] = ()
    due: tuple[tuple[datetime, str], ...] = ()


def _seen(path: str, now: datetime) -> _Seen:
    """Examine the trigger at a path (`template key/name`)."""
    key, _, last = path.rpartition("/")
    record = Templates().by_key(key)
    trigger = Triggers().get(record, last) if record else None
    if record is None or trigger is None:
        return _Seen()
    name = f"{record.id.arm}/triggers/{trigger.name}"
    try:
        settings = parse_trigger(trigger.body).properties
    except TemplateInvalid as error:
        return _Seen(findings=(_unreadable(name, str(error)),))
    if not settings.enabled:
        return _Seen()
    state = health(readable_runs(record), trigger.name, trigger.changed, settings.failure_limit)
    findings = [*_late(record, trigger, name, now)]
    if state.failures and state.last is not None:
        findings.append(_failing(name, state.failures, state.limit, state.last.run_id, state.last.requested))
    if not isinstance(settings, ScheduleTrigger) or state.is_deactivated:
        return _Seen(is_on=True, findings=tuple(findings))
    due = tuple((moment, name) for moment in _next(settings, now))
    return _Seen(is_on=True, findings=tuple(findings), due=due)


def _silent_sources() -> Iterator[Finding]:
    """Yield a finding for each marketplace image whose versions could not be asked for lately."""
    for record in Sources().list():
        if record.failing_since is not None:
            yield Finding(
                area=Area.TRIGGERS,
                severity=Severity.WARNING,
                target=record.source.key,
                message=f"The marketplace could not be asked for its versions: {record.reason.rstrip('.')}.",
                fix="Fix what the message says: Kiln asks again in each round. Other images are not affected.",
                since=record.failing_since,
            )


def _silent(path: str, why: str) -> Finding:
    return Finding(
        area=Area.TRIGGERS,
        severity=Severity.WARNING,
        target=f"triggers/{path}",
        message=f"It could not be examined: {why}",
        fix="Try again later. Other triggers are not affected.",
    )


def _unreadable(name: str, why: str) -> Finding:
    return Finding(
        area=Area.TRIGGERS,
        severity=Severity.ERROR,
        target=name,
        message=f"It never fires, because it is not valid: {why}",
        fix="Store it again: kiln trigger put.",
    )


def _failing(name: str, failures: int, limit: int, run: str, since: datetime) -> Finding:
    over = failures >= limit
    told = f"It is deactivated: {failures} of its runs failed in a row" if over else f"{failures} of its runs failed"
    return Finding(
        area=Area.TRIGGERS,
        severity=Severity.ERROR if over else Severity.WARNING,
        target=name,
        message=f"{told}; the last was {run}." + ("" if over else f" After {limit} in a row it is deactivated."),
        fix="See why that run failed (kiln logs). A run that succeeds ends the count of failures: kiln retry, or kiln "
        "build.",
        since=since,
    )


def _late(record: TemplateRecord, trigger: TriggerRecord, name: str, now: datetime) -> Iterator[Finding]:
    pending_events = AllPendingEvents().get(record.id, trigger.name)
    pending = pending_events.pending if pending_events else None
    if pending is not None and now - pending.at > LATE:
        yield Finding(
            area=Area.TRIGGERS,
            severity=Severity.WARNING,
            target=name,
            message="It is late: a run of its template is in the way, or the template takes no runs.",
            fix="See the template's state and its run: kiln show.",
            since=pending.at,
        )


def _next(settings: ScheduleTrigger, now: datetime) -> Iterator[datetime]:
    moment = next(iter(settings.times.due_after(now)), None)
    if moment is not None:
        yield moment


def _facts(count: int, due: list[tuple[datetime, str]]) -> Iterator[Fact]:
    if count:
        yield Fact(area=Area.TRIGGERS, target="triggers", text=f"{count} triggers are switched on.")
    if due:
        moment, name = min(due)
        short = name.split("/imageTemplates/")[1].replace("/triggers/", "/")
        yield Fact(
            area=Area.TRIGGERS, target=name, text=f"The next schedule is due {moment:%Y-%m-%d %H:%M} UTC: {short}."
        )
