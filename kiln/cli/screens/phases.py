"""The phases of a run as rows: done, under way, to come, or never reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.cli import wording
from kiln.cli.views import NOT_ALWAYS, PHASES

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.cli.views import PhaseView, RunView


@dataclass(frozen=True)
class PhaseRow:
    """One row. `state` is the phase's own state, or `Waiting`, or `Skipped` once the run is over."""

    name: str
    state: str
    elapsed: str
    note: str


def phase_rows(run: RunView, now: datetime) -> list[PhaseRow]:
    """Return one row for each phase that Kiln knows, in order, and for any other that the API names.

    A phase that only some runs have gets a row once it is reached.
    """
    reached = {phase.name: phase for phase in run.phases}
    names = [name for name in PHASES if name in reached or name not in NOT_ALWAYS]
    names = [*names, *(name for name in reached if name not in PHASES)]
    return [_row(name, reached.get(name), over=run.is_over, now=now) for name in names]


def _row(name: str, phase: PhaseView | None, *, over: bool, now: datetime) -> PhaseRow:
    if phase is None:
        return PhaseRow(name=name, state="Skipped" if over else "Waiting", elapsed="", note="")
    if phase.end_time is None:
        elapsed = wording.ticking((now - phase.start_time).total_seconds())
    else:
        elapsed = wording.between(phase.start_time, phase.end_time)
    return PhaseRow(name=name, state=phase.state, elapsed=elapsed, note=phase_note(phase))


def phase_note(phase: PhaseView) -> str:
    """Return the reason if the phase failed, and its progress otherwise."""
    return wording.first_sentence(phase.error.message) if phase.error else phase.note or ""
