"""The plan: ask Azure what only Azure knows, then decide everything at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities import checks, target_names
from activities.adapter import fence, implements
from activities.runs import report_progress
from kiln.cloud import facts, gallery
from kiln.contracts.runs import BEGIN_RUN, MAKE_PLAN, RunTerms
from kiln.errors import DeadlineExceeded, InternalFailure, RunCanceled, StateUnreadable, TemplateRefused
from kiln.planner.facts import Facts
from kiln.planner.make_plan import ABORT, DEFAULT_TIMEOUT, gallery_image_ids
from kiln.planner.make_plan import make_plan as plan_of
from kiln.planner.retry import Retry
from kiln.planner.targets import GalleryTarget, ManagedImageTarget, VhdTarget
from kiln.plans import Plans
from kiln.runs.begin import has_begun
from kiln.runs.installation import installation_in
from kiln.runs.record import Phase, RunState
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import annotate
from kiln.template.parse import parse_for_build

if TYPE_CHECKING:
    from kiln.contracts.runs import ProgressReport
    from kiln.ids import RunRef
    from kiln.planner.plan import Plan, WholePlan
    from kiln.runs.record import RunOutput, RunRecord


@implements(BEGIN_RUN)
def begin_run(request: ProgressReport) -> RunTerms:
    """Record that the run has begun, and return what its template alone decides."""
    report_progress(request)
    has_begun(request.run)
    properties = parse_for_build(Runs().require(request.run.template, request.run.run_id).body).properties
    return RunTerms(
        timeout_minutes=properties.build_timeout_in_minutes or DEFAULT_TIMEOUT,
        keep_on_customizer_error=properties.error_handling.on_customizer_error == ABORT,
        keep_on_validation_error=properties.error_handling.on_validation_error == ABORT,
    )


@implements(MAKE_PLAN)
def make_plan(run: RunRef) -> Plan:
    """Make the run's plan, once, and refuse targets that are taken before anything is built."""
    fence(run)
    record = Runs().require(run.template, run.run_id)
    if record.state is not RunState.RUNNING:
        raise RunCanceled(run.run_id)  # canceled before the orchestration could hear of it
    plan = Plans().made_once(run, lambda: _made(run, record))
    _refuse_taken(plan)
    note = " ".join(plan.not_used)

    def change(found: RunRecord) -> RunRecord:
        noted = annotate(found, Phase.PLAN, note) if note else found
        return noted.model_copy(update={"source_version": plan.source_version})

    Runs().update(run.template, run.run_id, change)
    return plan.without_scripts()


def _made(run: RunRef, record: RunRecord) -> WholePlan:
    """Return the plan by what Azure says now."""
    template = parse_for_build(record.body)
    if wrong := checks.named_wrong(template, run.template):
        raise TemplateRefused(tuple(checks.as_detail(problem) for problem in wrong))
    checks.machine_identities(template)
    stored = Templates().require(run.template)
    retry = _retry(record)
    source = facts.source_facts(run.template.subscription, template, retry.source_version if retry else None)
    definitions = {image_id: gallery.definition(image_id) for image_id in gallery_image_ids(template)}
    return plan_of(
        template,
        run=run,
        version=record.version,
        made=stored.created,
        staging_group=stored.staging_group,
        staging_given=stored.staging_given,
        facts=Facts(
            source=source,
            definitions=definitions,
            lineage=record.cause.lineage if record.cause else (),
        ),
        retry=retry,
        installation=installation_in(run.template.subscription),
    )


def _retry(record: RunRecord) -> Retry | None:
    """Return the outputs of the earlier run that a retry can use, without images that were deleted since."""
    if record.retry_of is None:
        return None
    before = Runs().get(record.template, record.retry_of)
    if before is None or before.source_version is None:
        return None  # it never came as far as a plan: build as if for the first time
    there = tuple(output for output in before.outputs if not _is_gone(output))
    return Retry(outputs=there, source_version=before.source_version, invalid=_is_invalid(before))


def _is_invalid(before: RunRecord) -> bool:
    """Whether the earlier run's image may have failed its validation: the run failed, but not by the clock or a fault.

    In doubt the image is built again, which is never wrong.
    """
    stopped = {DeadlineExceeded.code, InternalFailure.code, StateUnreadable.code}
    return before.state is RunState.FAILED and (before.error is None or before.error.code not in stopped)


def _is_gone(output: RunOutput) -> bool:
    return (
        output.kind == "SharedImage"
        and output.artifact_id is not None
        and not gallery.version_exists(output.artifact_id, output.mark)
    )


def _refuse_taken(plan: Plan) -> None:
    """Reserve the names that the template gives its targets, and refuse those that others use."""
    done = {output.artifact_id for output in plan.done}
    for target in plan.targets:
        match target:
            case GalleryTarget():
                if not target.is_next and target.version_id not in done:
                    target_names.hold_version(plan.run, target)
            case ManagedImageTarget():
                target_names.hold_image(plan.run, target)
            case VhdTarget(url=str() as url):
                target_names.hold_vhd(plan.run, target, url)
