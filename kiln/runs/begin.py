"""A run begins, whoever asks for it: HTTP, a trigger, autoRun or a rebuild. One function, and one rule for each crash.

Two writes, a start and a third write, in this order. The template's document decides: it names the run and holds its
whole record, by compare-and-swap, so that a run either is the template's or was never there; nothing is left of who
came too late. As long as the template is `beginning` a run, a list of templates tells so (its label), and a timer looks
after it.

    after                                  what there is                   who goes on, and from where
    -------------------------------------  ------------------------------  --------------------------------------------
    nothing                                nothing                         who asked was told, or asks again
    1 the template is `beginning` the run  the run, Running; its document  the same asker, whoever next asks for a run,
                                           may not be written yet          cancels or deletes, the timer that reconciles
                                                                           templates, the sweeper: `write_down`
    2 the run's document is written        the same, in two places         the same: the start is left
    3 its orchestration is started         a build                         the build, whose first activity does 4
    4 the template is `beginning` nothing  a build                         the build

Each write may be made twice: 1 names the same run, 2 leaves the document that is there, 3 starts an instance that has
the run's own id, once, and 4 strikes this run's alone. Whoever goes on from 2 leaves it to the orchestration that asked
for the run (`starter`), as long as that is going: it starts the build as its child. A run that ends before it began
leaves 4 to the timer. An answer that was lost after a write costs nothing: what is stored says whether it was made.

One cause (an event, a time, a submission, a version of a source) has one run id. A run's document is there only if
the template has, or had, the run; so a document that is there says that the cause has had its run.
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
"""Compare-and-swap rounds before giving up; each that is lost was somebody else's change."""


class NotDue(Exception):
    """What asked for the run does not want it any more, as the template is now."""


@dataclass(frozen=True)
class Begun:
    """The run that was asked for is the template's, or was; it is as it stands now.

    Whoever asked starts its orchestration, unless it is over or that was started before.
    """

    run: RunRecord


@dataclass(frozen=True)
class InTheWay:
    """Another run is the template's, and is not over."""

    run: RunRecord


def begin_run(template: TemplateId, run_id: str, make: Callable[[TemplateRecord], RunRecord]) -> Begun | InTheWay:
    """Let the template have the run of that id, once, however often this is asked.

    `make` returns the run's record for the template as it is, or raises what forbids it. Raises `ResourceNotFound` when
    there is no such template, and `BeingDeleted` while it is on its way out.
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
    """Write the document of the run that the template is beginning, and return the run as it stands then.

    Raises `ResourceNotFound` when the template went meanwhile, and its runs with it.
    """
    run = template.beginning
    if run is None:
        raise ValueError(f"{template.id.arm} is beginning no run")
    written = Runs().write_once(run)
    after = Templates().get(template.id)
    if written is not None and (after is None or after.content.run_id != run.run_id):
        Runs().delete_unchanged(run, written)  # the template, and with it all its runs, went before this was written
    if after is None:
        raise ResourceNotFound(f"The image template {template.id.arm} does not exist.", target=template.id.arm)
    return Runs().require(run.template, run.run_id)


def has_begun(run: RunRef) -> None:
    """Note in the template that the run needs nobody any more to begin it: its build works on it, or it is over."""
    Templates().update(run.template, lambda known: begun(known, run.run_id))


def current_run(template: TemplateRecord) -> RunRecord | None:
    """Return the template's latest run, with its document written; None before the first."""
    return write_down(template) if template.beginning is not None else Runs().latest(template)


def being_deleted(record: TemplateRecord) -> BeingDeleted:
    """Return the error for whoever wants something of a template that is going away."""
    return BeingDeleted(f"The image template {record.id.arm} is being deleted.", target=record.id.arm)


def _is_beginning(template: TemplateRecord, run_id: str) -> bool:
    return template.beginning is not None and template.beginning.run_id == run_id
