"""Beginning a run, whoever asks for it: HTTP, a trigger, autoRun or a rebuild. A crash between its steps loses nothing.

A run begins in four steps. Step 1 decides: by compare-and-swap, the template's document names the run and holds its
whole record, so that a run either is the template's or never existed; a request that comes too late leaves nothing.
While the template is `beginning` a run, its label says so in a list of templates, and a timer looks after it.

    died after step                        there is                        who continues, and how
    -------------------------------------  ------------------------------  --------------------------------------------
    none                                   nothing                         the asker was told, or asks again
    1 the template is `beginning` the run  the run, Running; its document  the same asker, the next who asks for a run,
                                           may not be written yet          cancels or deletes, the timer that reconciles
                                                                           templates, the sweeper: `write_down`
    2 the run's document is written        the same, in two places         the same: only the start is left
    3 its orchestration is started         a build                         the build, whose first activity does step 4
    4 the template is `beginning` nothing  a build                         the build

Each step may be done twice: 1 names the same run, 2 keeps the document that exists, 3 starts an instance with the run's
own id, once, and 4 clears `beginning` for this run alone. After step 2, whoever continues leaves the start to the
orchestration that asked for the run (`starter`), as long as that is running: it starts the build as its child. A run
that ends before it began leaves step 4 to the timer. A lost answer to a write costs nothing: the store says whether the
write was made.

One cause (an event, a time, a submission, a version of a source) has one run id. A run's document exists only if the
template has, or had, the run; so an existing document says that the cause has had its run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.errors import BeingDeleted, Conflict, ResourceNotFound
from kiln.runs.record import ProvisioningState
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import begun

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.ids import RunRef, TemplateId
    from kiln.runs.record import RunRecord, TemplateRecord

ATTEMPTS = 20
"""Compare-and-swap attempts before giving up; each lost one was somebody else's change."""


class NotDue(Exception):
    """The run is no longer wanted: the template has changed since it was asked for."""


@dataclass(frozen=True)
class Begun:
    """The requested run, as it stands now: it is the template's, or was.

    The caller starts its orchestration, unless the run is over or the orchestration was started before.
    """

    run: RunRecord


@dataclass(frozen=True)
class InTheWay:
    """Another run of the template that is not over, so that the requested one cannot begin."""

    run: RunRecord


def begin_run(template: TemplateId, run_id: str, make: Callable[[TemplateRecord], RunRecord]) -> Begun | InTheWay:
    """Begin the run of that id for the template, once, however often this is called.

    `make` returns the run's record for the template as it is, or raises the error that forbids it. Raises
    `ResourceNotFound` when there is no such template, and `BeingDeleted` while it is being deleted.
    """
    for _ in range(ATTEMPTS):
        stored = Templates().require_stored(template)
        record = stored.content
        known = Runs().of(record, run_id)
        if known is not None:
            return Begun(write_down(record) if _is_beginning(record, run_id) else known)
        if record.provisioning_state is ProvisioningState.DELETING:
            raise being_deleted(record)
        current = Runs().latest(record)
        if current is not None and not current.state.is_final:
            return InTheWay(current)
        run = make(record)
        if (taken := Templates().take_run(stored, run)) is not None:
            return Begun(write_down(taken))
    raise Conflict("The image template kept changing.", target=template.arm)


def write_down(template: TemplateRecord) -> RunRecord:
    """Write the document of the run that the template is beginning, and return the run as it is stored.

    Raises `ResourceNotFound` when the template was deleted meanwhile, and its runs with it.
    """
    run = template.beginning
    if run is None:
        raise ValueError(f"{template.id.arm} is beginning no run")
    written = Runs().write_once(run)
    after = Templates().get(template.id)
    if written is not None and (after is None or after.content.run_id != run.run_id):
        Runs().delete_unchanged(run, written)  # the template was deleted with all its runs before this was written
    if after is None:
        raise ResourceNotFound(f"The image template {template.id.arm} does not exist.", target=template.id.arm)
    return Runs().require(run.template, run.run_id)


def has_begun(run: RunRef) -> None:
    """Note in the template that the run has begun: its build works on it, or it is over."""
    Templates().update(run.template, lambda known: begun(known, run.run_id))


def current_run(template: TemplateRecord) -> RunRecord | None:
    """Return the template's latest run, and write its document if it has none yet; None before the first."""
    return write_down(template) if template.beginning is not None else Runs().latest(template)


def being_deleted(record: TemplateRecord) -> BeingDeleted:
    """Return the error for a request about a template that is being deleted."""
    return BeingDeleted(f"The image template {record.id.arm} is being deleted.", target=record.id.arm)


def _is_beginning(template: TemplateRecord, run_id: str) -> bool:
    return template.beginning is not None and template.beginning.run_id == run_id
