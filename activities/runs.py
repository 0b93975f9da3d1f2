"""The run's record and its log: progress, the early stop, the end."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from activities.adapter import implements
from activities.announce import announce, publish
from kiln import blobs
from kiln.cloud import logs
from kiln.contracts.base import Nothing
from kiln.contracts.runs import (
    END_PHASE,
    FINISH_RUN,
    REPORT_PROGRESS,
    REPORT_STOP,
    FinishReport,
    PhaseReport,
    ProgressReport,
    StopReport,
)
from kiln.events.drain import keep
from kiln.events.trigger_changes import keep_trigger_changes
from kiln.runs.reservations import Reservations
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import add_output, annotate, end_phase, enter_phase, finish, publish_outputs, stop
from kiln.sweep.leftovers import Leftovers

if TYPE_CHECKING:
    from kiln.runs.record import RunRecord

log = logging.getLogger("kiln.runs")


@implements(REPORT_PROGRESS)
def report_progress(request: ProgressReport) -> Nothing:
    """Record where the run is, and write it to the log as soon as there is one."""
    run, note = request.run, request.note
    at = datetime.fromisoformat(request.at)

    def change(record: RunRecord) -> RunRecord:
        entered = enter_phase(record, request.phase, at)
        return annotate(entered, request.phase, note) if note else entered

    record = Runs().update(run.template, run.run_id, change)
    announce(record)
    if note is None and any(known.name == request.phase for known in record.phases):
        _log(record, f"==> {request.at[:19]}Z {request.phase}\n")
    return Nothing()


@implements(END_PHASE)
def report_phase_end(request: PhaseReport) -> Nothing:
    """Record that a phase ended with an error, while the run goes on."""
    run, at = request.run, datetime.fromisoformat(request.at)
    record = Runs().update(
        run.template, run.run_id, lambda found: end_phase(found, request.phase, at, request.state, request.error)
    )
    _log(record, f"==> {request.at[:19]}Z {request.phase} {request.state}: {request.error.sentence()}\n")
    return Nothing()


@implements(REPORT_STOP)
def report_stop(request: StopReport) -> Nothing:
    """Record why the run ends early; it is over after clean-up."""
    run = request.run
    at = datetime.fromisoformat(request.at)
    record = Runs().update(
        run.template, run.run_id, lambda found: stop(found, at, request.error, canceled=request.canceled)
    )
    _log(record, f"==> {request.at[:19]}Z stopped: {request.error.sentence()}\n")
    return Nothing()


@implements(FINISH_RUN)
def finish_run(request: FinishReport) -> Nothing:
    """Record how the run ended, give the template its new outputs, and close the log."""
    run = request.run
    at = datetime.fromisoformat(request.at)

    def change(record: RunRecord) -> RunRecord:
        for output in request.outputs:
            record = add_output(record, output)
        return finish(record, request.state, at, request.message, request.error, request.leftovers, request.kept)

    before = Runs().require(run.template, run.run_id)
    ended = change(before)
    if not before.state.is_final:
        keep(ended)
        keep_trigger_changes(ended)
    Templates().update(run.template, lambda template: publish_outputs(template, ended))
    if request.kept:
        _log(ended, f"==> kept, at a cost, until the template is deleted: {', '.join(request.kept)}\n")
    _log(ended, f"==> {request.at[:19]}Z {request.state}\n")
    if request.leftovers:
        Leftovers().keep(run, at, {text.split(": ")[0] for text in request.leftovers})
    Reservations().give_back(run)
    Runs().update(run.template, run.run_id, change)  # late: who sees a final state finds outputs and log complete
    publish(run)
    return Nothing()


def _log(record: RunRecord, line: str) -> None:
    """Write a line to customization.log. A log that cannot be written ends nothing: the record is what counts."""
    if record.log_url is None:
        return
    try:
        logs.write_header(blobs.at(record.log_url), line)
    except Exception:  # a broken answer has no type of its own, and raised here it would keep clean-up from its work
        log.warning("customization.log of run %s lacks %r", record.run_id, line, exc_info=True)
