"""A plan without Azure: what `kiln plan` prints offline. What only Azure knows is shown as the template asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.ids import RunRef
from kiln.planner.facts import DefinitionFacts, Facts
from kiln.planner.make_plan import gallery_image_ids, make_plan

if TYPE_CHECKING:
    from kiln.ids import TemplateId
    from kiln.planner.plan import Plan
    from kiln.template.models import ImageTemplate

PREVIEW_RUN = "00000000-000000-00000000"


def preview_plan(template: ImageTemplate, *, template_id: TemplateId) -> Plan:
    """Return the plan as it would be with the source's version unresolved and every image definition empty.

    Versions that Azure would number show as the first one, and definitions are taken to be in the template's region.
    """
    facts = Facts(
        source_version=template.properties.source.version,
        definitions={image_id: DefinitionFacts(location=template.location) for image_id in gallery_image_ids(template)},
    )
    run = RunRef(template=template_id, run_id=PREVIEW_RUN)
    group = f"IT_{template_id.group}_{template_id.name}"
    return make_plan(template, run=run, staging_group=group, facts=facts)
