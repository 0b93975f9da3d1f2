"""A run as it is asked for: pure, given the time and the random part. Whoever asks stores it and starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.runs.naming import build_instance, run_id
from kiln.runs.record import RunRecord

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.runs.record import RunCause, TemplateRecord


def new_run(
    record: TemplateRecord,
    now: datetime,
    suffix: str,
    *,
    overrides: dict[str, Any] | None = None,
    retry_of: str | None = None,
    body: dict[str, Any] | None = None,
    version: int | None = None,
    cause: RunCause | None = None,
    starter: str | None = None,
) -> RunRecord:
    """Return the record of a run of `record` that is about to start. `suffix` is 8 random hex digits.

    `body` is the template as the run builds it, the stored one unless given; `version` says which version of the
    template that was, the latest unless given. `cause` is the trigger that asks for the run, if one does; `starter` the
    orchestration that will start it.
    """
    name = run_id(now, suffix)
    return RunRecord(
        run_id=name,
        instance_id=build_instance(record.id, name),
        template=record.id,
        body=record.body if body is None else body,
        version=record.version if version is None else version,
        overrides=overrides,
        retry_of=retry_of,
        cause=cause,
        starter=starter,
        requested=now,
    )
