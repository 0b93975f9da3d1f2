"""What nobody works on any more: runs, submissions and deletions that are not over while their orchestrations are.

Only the durable client can tell; what is found is handed to those who can do something about it. A run that never
began is begun: who asked for it died on the way.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.ids import RunRef
from kiln.messages.sweeps import LostRun, LostTemplate
from kiln.runs.naming import delete_instance, submit_instance
from kiln.runs.store import READS_AT_ONCE, Runs, Templates
from kiln.sweep.found import GRACE
from triggers.orchestrations import Life
from triggers.start_run import go_on, is_awaited, is_unstarted
from triggers.tend import STARTING, tended

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.runs.record import RunRecord, TemplateRecord
    from triggers.orchestrations import Orchestrations

log = logging.getLogger("kiln.runs")


@dataclass(frozen=True)
class Lost:
    """What was found. Runs that are `unstarted` can still begin; the others have lost what worked on them."""

    runs: tuple[LostRun, ...] = ()
    templates: tuple[LostTemplate, ...] = ()
    unstarted: tuple[LostRun, ...] = ()


async def find_lost(orchestrations: Orchestrations, now: datetime) -> Lost:
    """Return what nobody works on. What began so lately that it may only be on its way is none of it."""
    runs: list[LostRun] = []
    templates: list[LostTemplate] = []
    unstarted: list[LostRun] = []
    for record, run in await asyncio.to_thread(_under_way):
        if (lost := await _lost_template(orchestrations, record, now)) is not None:
            templates.append(lost)
        if run is None or now - run.requested < GRACE:
            continue
        if await is_unstarted(orchestrations, run):
            unstarted.append(_found(run, Life.NONE))
        elif (gone := await _lost_run(orchestrations, run)) is not None:
            runs.append(gone)
    return Lost(tuple(runs), tuple(templates), tuple(unstarted))


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


async def mend(orchestrations: Orchestrations, lost: tuple[LostTemplate, ...], now: datetime) -> None:
    """Let submissions and deletions that nobody works on be worked on again, or end."""
    for each in lost:
        stored = await asyncio.to_thread(Templates().get, each.template)
        if stored is None:
            continue
        await tended(orchestrations, stored.content, now)


def _under_way() -> list[tuple[TemplateRecord, RunRecord | None]]:
    """Return the templates that are on their way in or out, or have a run that is not over, each with that run."""
    records = Templates().read_all()
    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        latest = pool.map(Runs().latest, records)
        found = [
            (record, None if run is None or run.state.is_final else run)
            for record, run in zip(records, latest, strict=True)
        ]
    return [(record, run) for record, run in found if run is not None or record.under_way]


async def _lost_template(orchestrations: Orchestrations, record: TemplateRecord, now: datetime) -> LostTemplate | None:
    """Return the template if nobody works on what is under way of it, which its orchestration tells at once."""
    what = record.under_way
    if what is None or now - record.under_way_since < STARTING:
        return None
    life = await orchestrations.life(delete_instance(record) if what == "deletion" else submit_instance(record))
    return None if life is Life.GOING else LostTemplate(template=record.id, what=what, life=life.value)


async def _lost_run(orchestrations: Orchestrations, run: RunRecord) -> LostRun | None:
    """Return the run if nobody works on it, nor will: one that is about to begin may be left to its starter."""
    life = await orchestrations.life(run.instance_id)
    if life is Life.GOING:
        return None
    if life is Life.NONE and not run.phases and await is_awaited(orchestrations, run):
        return None
    return _found(run, life)


def _found(run: RunRecord, life: Life) -> LostRun:
    return LostRun(run=RunRef(template=run.template, run_id=run.run_id), life=life.value)
