"""The record of a new run: a pure function of the template, the time and random digits. The caller stores it."""

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
    """Return the record of a new run of the template `record`. `suffix` is 8 random hex digits.

    `body` is the template as the run builds it, by default the stored one; `version` is the template's version that
    `body` comes from, by default the latest. `cause` is the trigger that asks for the run, if one does; `starter` is
    the orchestration that will start it, if one will.
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
