"""Claims of source versions: one record for each template, with the version that it waits for or was rebuilt for. Pure.

The record makes one build of any number of events: a version is claimed once, and never after a newer one.
"""

from __future__ import annotations

from datetime import datetime

from kiln.ids import TemplateId
from kiln.rebuild.source import version_order
from kiln.runs.record import Document


class Waiting(Document):
    """A version that is about to be built. `by` is the orchestration that waits, until its lease ends at `until`.

    `since` is when the first version came that is not built yet: batch windows begin there. While it is not `decided`,
    the version is only expected: whether the template takes it is still to be decided.
    """

    version: str
    by: str
    since: datetime
    until: datetime
    decided: bool = True


class Claimed(Document):
    """The newest version that a run was made for, and the orchestration that made the run (`by`)."""

    version: str
    by: str
    run_id: str
    at: datetime


class RebuildRecord(Document):
    """A template's progress with the versions of its source. `made` tells it from an earlier template of its name."""

    template: TemplateId
    made: datetime
    source: str
    waiting: Waiting | None = None
    claimed: Claimed | None = None


def present(stored: RebuildRecord | None, template: TemplateId, made: datetime, source: str) -> RebuildRecord:
    """Return the stored record if it is of this template and this source, or else an empty one."""
    if stored is not None and stored.made == made and stored.source == source:
        return stored
    return RebuildRecord(template=template, made=made, source=source)


def done(record: RebuildRecord, version: str, by: str) -> str | None:
    """Return why `version` needs no run any more, since another made one for it or a newer version; or None."""
    claimed = record.claimed
    if claimed is None or claimed.by == by or not _covers(claimed.version, version):
        return None
    return f"run {claimed.run_id} was made for version {claimed.version}"


def ahead(record: RebuildRecord, version: str, by: str, now: datetime) -> Waiting | None:
    """Return the wait of another orchestration with `version` or a newer one, or None."""
    waiting = record.waiting
    if waiting is None or waiting.by == by or waiting.until <= now or not _covers(waiting.version, version):
        return None
    return waiting


def expect(record: RebuildRecord, version: str, by: str, now: datetime, until: datetime) -> RebuildRecord:
    """Note that `by` is about to ask for `version`, unless a version waits or was done already."""
    busy = record.waiting is not None and record.waiting.until > now
    if busy or done(record, version, by) is not None:
        return record
    expected = Waiting(version=version, by=by, since=now, until=until, decided=False)
    return record.model_copy(update={"waiting": expected})


def wait(record: RebuildRecord, version: str, by: str, now: datetime, until: datetime) -> RebuildRecord:
    """Let `by` wait with `version`, unless it is done or waited for. A newer version continues the older one's wait."""
    if done(record, version, by) is not None or ahead(record, version, by, now) is not None:
        return record
    since = record.waiting.since if record.waiting is not None and record.waiting.until > now else now
    return record.model_copy(update={"waiting": Waiting(version=version, by=by, since=since, until=until)})


def claim(record: RebuildRecord, version: str, by: str, run_id: str, now: datetime) -> RebuildRecord:
    """Let `by` claim `version` for a run, unless it is done or waited for. An earlier claim of `by` stays."""
    own = record.claimed is not None and record.claimed.by == by
    if own or done(record, version, by) is not None or ahead(record, version, by, now) is not None:
        return record
    made = Claimed(version=version, by=by, run_id=run_id, at=now)
    return record.model_copy(update={"waiting": None, "claimed": made})


def stop_waiting(record: RebuildRecord, by: str) -> RebuildRecord:
    """Clear the wait of `by`."""
    own = record.waiting is not None and record.waiting.by == by
    return record.model_copy(update={"waiting": None}) if own else record


def _covers(one: str, other: str) -> bool:
    return version_order(one) >= version_order(other)
