"""Examine lost runs, submissions and deletions: those that are not over, and that no orchestration works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.doctor.contracts import Found
from kiln.doctor.findings import Area, Finding, Severity
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.doctor.contracts import ExamineRequest

SWEEP = "The next sweep does that. To do it now: kiln doctor --sweep."


def examine(lost: ExamineRequest) -> Found:
    """Return a finding for each lost run, submission and deletion that is still not over."""
    return Found(findings=(*_runs(lost), *_templates(lost), *_problems(lost)))


def _runs(lost: ExamineRequest) -> Iterator[Finding]:
    for each in lost.runs:
        stored = Templates().get(each.run.template)
        record = Runs().of(stored.content, each.run.run_id) if stored else None
        if record is None or record.state.is_final:
            continue
        again = (
            "It has to be ended, and what it made has to be deleted."
            if record.phases
            else "It has to be started, or ended."
        )
        yield Finding(
            area=Area.RUNS,
            severity=Severity.ERROR,
            target=f"{each.run.template.arm}/runs/{each.run.run_id}",
            message=f"The run is {record.state.value}, but nothing works on it: its orchestration is {each.status}.",
            fix=f"{again} {SWEEP}",
            since=record.requested,
        )


def _templates(lost: ExamineRequest) -> Iterator[Finding]:
    for each in lost.templates:
        stored = Templates().get(each.template)
        if stored is None:
            continue
        record = stored.content
        yield Finding(
            area=Area.RUNS,
            severity=Severity.ERROR,
            target=record.id.arm,
            message=f"The template is {record.provisioning_state.value}, but nothing works on it: the orchestration of "
            f"its {each.what} is {each.status}.",
            fix="Kiln starts it again, or ends it as Failed, within minutes. To do it now: kiln show "
            f"{record.id.name}.",
            since=record.under_way_since,
        )


def _problems(lost: ExamineRequest) -> Iterator[Finding]:
    for problem in lost.problems:
        yield Finding(
            area=Area.RUNS,
            severity=Severity.ERROR,
            target=Area.RUNS.value,
            message=problem,
            fix="All others are examined. If a document cannot be read, restore an earlier version of it "
            '(docs/operations.md, "Documents that cannot be read"), or remove it: the sweeper then deletes what its '
            "ledger names.",
        )
