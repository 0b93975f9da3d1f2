"""Lost runs, submissions and deletions, which are not over although their orchestrations are: found and handed on.

Only the durable client can find them; the sweep ends lost runs. A run whose orchestration was never started is started:
the request for it died before that.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.ids import RunRef
from kiln.lifecycle.orchestrations import Orchestrations, RuntimeStatus
from kiln.lifecycle.parallel import await_each
from kiln.lifecycle.reconcile import STARTING, reconcile
from kiln.lifecycle.start_run import go_on, is_awaited, is_unstarted
from kiln.parallel import run_each
from kiln.runs.naming import delete_instance, submit_instance
from kiln.runs.reading import reason
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.sweep.contracts import LostRun, LostTemplate
from kiln.sweep.models import GRACE

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.runs.record import RunRecord, TemplateRecord


MOST = 20
"""The most problems that are passed on: they are part of an orchestration's input."""

log = logging.getLogger("kiln.runs")


@dataclass(frozen=True)
class Lost:
    """Lost runs and templates. `unstarted` runs have never had an orchestration and can still be started.

    `problems` says what could not be examined.
    """

    runs: tuple[LostRun, ...] = ()
    templates: tuple[LostTemplate, ...] = ()
    unstarted: tuple[LostRun, ...] = ()
    problems: tuple[str, ...] = ()


async def find_lost(orchestrations: Orchestrations, now: datetime) -> Lost:
    """Return what is lost, but for what began so recently that its orchestration may be about to start."""
    under_way, problems = await asyncio.to_thread(_under_way)
    attempts = await await_each(under_way, lambda item: _look(orchestrations, *item, now))
    for attempt in attempts:
        if attempt.fault is not None:
            problems.append(f"The template {attempt.item[0].id.arm} was not examined: {reason(attempt.fault)}")
    found = [attempt.result for attempt in attempts if attempt.result is not None]
    return Lost(
        tuple(run for each in found for run in each.runs),
        tuple(template for each in found for template in each.templates),
        tuple(run for each in found for run in each.unstarted),
        tuple(problems[:MOST]),
    )


async def _look(orchestrations: Orchestrations, record: TemplateRecord, run: RunRecord | None, now: datetime) -> Lost:
    lost = await _lost_template(orchestrations, record, now)
    templates = (lost,) if lost is not None else ()
    if run is None or now - run.requested < GRACE:
        return Lost(templates=templates)
    if await is_unstarted(orchestrations, run):
        return Lost(templates=templates, unstarted=(_found(run, RuntimeStatus.MISSING),))
    gone = await _lost_run(orchestrations, run)
    return Lost((gone,) if gone is not None else (), templates)


async def start_again(orchestrations: Orchestrations, unstarted: tuple[LostRun, ...]) -> None:
    """Start runs that were requested and never started. One that fails is left to the next round."""
    for each in unstarted:
        template, run_id = each.run.template, each.run.run_id
        try:
            record = await asyncio.to_thread(Templates().require, template)
            run = await asyncio.to_thread(Runs().of, record, run_id)
            if run is not None:
                await go_on(orchestrations, record, run)
        except Exception:
            log.exception("run %s of %s could not be started", run_id, template.arm)


async def reconcile_lost(orchestrations: Orchestrations, lost: tuple[LostTemplate, ...], now: datetime) -> None:
    """Start lost submissions and deletions again, or end them."""
    for attempt in await await_each(lost, lambda each: _reconcile(orchestrations, each, now)):
        if attempt.fault is not None:
            log.error("%s could not be reconciled: %s", attempt.item.template.arm, reason(attempt.fault))


async def _reconcile(orchestrations: Orchestrations, lost: LostTemplate, now: datetime) -> None:
    stored = await asyncio.to_thread(Templates().get, lost.template)
    if stored is not None:
        await reconcile(orchestrations, stored.content, now)


def _under_way() -> tuple[list[tuple[TemplateRecord, RunRecord | None]], list[str]]:
    """Return the templates with a submission, a deletion or a run that is not over, each with that run; and problems.

    Unreadable templates are not among the problems: the sweep and the doctor report these themselves.
    """
    everything, problems = Templates().read_each(), list[str]()
    found: list[tuple[TemplateRecord, RunRecord | None]] = []
    for attempt in run_each(everything.contents, Runs().latest):
        record, run = attempt.item, attempt.result
        if attempt.fault is not None:
            problems.append(f"The run {record.run_id} of {record.id.arm} cannot be read: {reason(attempt.fault)}")
        going = run is not None and not run.state.is_final
        if going or record.under_way:
            found.append((record, run if going else None))
    return found, problems


async def _lost_template(orchestrations: Orchestrations, record: TemplateRecord, now: datetime) -> LostTemplate | None:
    """Return the template if its submission or deletion is lost, by the status of the orchestration."""
    what = record.under_way
    if what is None or now - record.under_way_since < STARTING:
        return None
    status = await orchestrations.status(delete_instance(record) if what == "deletion" else submit_instance(record))
    return None if status is RuntimeStatus.RUNNING else LostTemplate(template=record.id, what=what, status=status.value)


async def _lost_run(orchestrations: Orchestrations, run: RunRecord) -> LostRun | None:
    """Return the run if it is lost; one that is about to begin is not, while its starter is still going."""
    status = await orchestrations.status(run.instance_id)
    if status is RuntimeStatus.RUNNING:
        return None
    if status is RuntimeStatus.MISSING and not run.phases and await is_awaited(orchestrations, run):
        return None
    return _found(run, status)


def _found(run: RunRecord, status: RuntimeStatus) -> LostRun:
    return LostRun(run=RunRef(template=run.template, run_id=run.run_id), status=status.value)
