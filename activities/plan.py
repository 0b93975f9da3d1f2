"""The plan: ask Azure what only Azure knows, then decide everything at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import implements
from kiln.cloud import gallery, marketplace
from kiln.contracts import MAKE_PLAN
from kiln.errors import KilnError, RunCanceled, SourceNotFound
from kiln.planner.facts import Facts
from kiln.planner.make_plan import gallery_image_ids
from kiln.planner.make_plan import make_plan as plan_of
from kiln.planner.plan import GalleryTarget, Plan
from kiln.runs.record import RunState
from kiln.runs.store import Runs, Templates
from kiln.template.parse import parse_template

if TYPE_CHECKING:
    from kiln.ids import RunRef


@implements(MAKE_PLAN)
def make_plan(run: RunRef) -> Plan:
    """Make the run's plan, and refuse versions that are taken before anything is built."""
    if Runs().require(run.template, run.run_id).state is not RunState.RUNNING:
        raise RunCanceled(run.run_id)  # canceled before the orchestration could hear of it
    record = Templates().require(run.template)
    try:
        template = parse_template(record.body)
    except KilnError as error:  # stored by a version of Kiln whose rules were others
        raise SourceNotFound(error.detail.sentence(), target=run.template.arm) from error
    facts = Facts(
        source_version=marketplace.resolve_version(
            run.template.subscription, template.location, template.properties.source
        ),
        definitions={image_id: gallery.definition(image_id) for image_id in gallery_image_ids(template)},
    )
    plan = plan_of(template, run=run, staging_group=record.staging_group, facts=facts)
    for target in plan.targets:
        if isinstance(target, GalleryTarget):
            gallery.refuse_taken(target)
    version = facts.source_version
    Runs().update(run.template, run.run_id, lambda found: found.model_copy(update={"source_version": version}))
    return plan
