"""What nobody works on any more: runs, submissions and deletions that are not over while their orchestrations are.

Only the durable client can tell; what is found is handed to those who can do something about it. A run that never
began is begun: who asked for it died on the way.
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
"""Problems that are told: they travel in an orchestration's input."""

log = logging.getLogger("kiln.runs")


@dataclass(frozen=True)
class Lost:
    """What was found. Runs that are `unstarted` can still begin; the others have lost what worked on them.

    `problems` could not be looked at.
    """

    runs: tuple[LostRun, ...] = ()
    templates: tuple[LostTemplate, ...] = ()
    unstarted: tuple[LostRun, ...] = ()
    problems: tuple[str, ...] = ()


async def find_lost(orchestrations: Orchestrations, now: datetime) -> Lost:
    """Return what nobody works on. What began so lately that it may only be on its way is none of it."""
    under_way, problems = await asyncio.to_thread(_under_way)
    attempts = await await_each(under_way, lambda item: _look(orchestrations, *item, now))
    for attempt in attempts:
        if attempt.fault is not None:
            problems.append(f"The template {attempt.item[0].id.arm} was not looked at: {reason(attempt.fault)}")
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
    """Let runs begin that were asked for and never did. What cannot is left for the next look."""
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
    """Let submissions and deletions that nobody works on be worked on again, or end."""
    for attempt in await await_each(lost, lambda each: _reconcile(orchestrations, each, now)):
        if attempt.fault is not None:
            log.error("%s could not be reconciled: %s", attempt.item.template.arm, reason(attempt.fault))


async def _reconcile(orchestrations: Orchestrations, lost: LostTemplate, now: datetime) -> None:
    stored = await asyncio.to_thread(Templates().get, lost.template)
    if stored is not None:
        await reconcile(orchestrations, stored.content, now)


def _under_way() -> tuple[list[tuple[TemplateRecord, RunRecord | None]], list[str]]:
    """Return the templates that are on their way in or out, or have a run that is not over, each with that run.

    And what could not be looked at.
    """
    everything, problems = Templates().read_each(), list[str]()  # what cannot be read, sweep and doctor tell themselves
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
    """Return the template if nobody works on what is under way of it, which its orchestration tells at once."""
    what = record.under_way
    if what is None or now - record.under_way_since < STARTING:
        return None
    status = await orchestrations.status(delete_instance(record) if what == "deletion" else submit_instance(record))
    return None if status is RuntimeStatus.RUNNING else LostTemplate(template=record.id, what=what, status=status.value)


async def _lost_run(orchestrations: Orchestrations, run: RunRecord) -> LostRun | None:
    """Return the run if nobody works on it, nor will: one that is about to begin may be left to its starter."""
    status = await orchestrations.status(run.instance_id)
    if status is RuntimeStatus.RUNNING:
        return None
    if status is RuntimeStatus.MISSING and not run.phases and await is_awaited(orchestrations, run):
        return None
    return _found(run, status)


def _found(run: RunRecord, status: RuntimeStatus) -> LostRun:
    return LostRun(run=RunRef(template=run.template, run_id=run.run_id), status=status.value)
