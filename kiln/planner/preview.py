"""Previews: plans that `kiln plan` makes offline. Facts that only Azure has are guessed from the template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.ids import RunRef, name_of
from kiln.planner.facts import DefinitionFacts, Facts, ImageReference, SourceFacts
from kiln.planner.fit.steps import NEEDS
from kiln.planner.make_plan import gallery_image_ids, make_plan
from kiln.template.sources import ManagedImageSource, PlatformImageSource, SharedImageSource

if TYPE_CHECKING:
    from kiln.ids import TemplateId
    from kiln.planner.facts import Architecture, OperatingSystem
    from kiln.planner.plan import WholePlan
    from kiln.template.models import ImageTemplate
    from kiln.template.sources import Source

PREVIEW_RUN = "00000000-000000-00000000"
PREVIEW_VERSION = "0.0.0"
"""Stands for the source's version, where a gallery version takes it over."""


def preview_plan(template: ImageTemplate, *, template_id: TemplateId) -> WholePlan:
    """Return the plan that the facts of `preview_facts` give. Raises `TemplateRefused`."""
    given = template.properties.staging_resource_group
    return make_plan(
        template,
        run=RunRef(template=template_id, run_id=PREVIEW_RUN),
        version=1,
        made=None,
        staging_group=name_of(given) if given else f"IT_{template_id.group}_{template_id.name}",
        staging_given=bool(given),
        facts=preview_facts(template),
    )


def preview_facts(template: ImageTemplate) -> Facts:
    """Return facts that are guessed from the template: every image definition exists and fits the source."""
    source = SourceFacts(
        reference=_reference(template.properties.source),
        version=PREVIEW_VERSION,
        os=_operating_system(template),
        generation="V2",
        architecture=_architecture(template.properties.source),
    )
    fitting = DefinitionFacts(
        location=template.location,
        os=source.os,
        generation=source.generation,
        architecture=source.architecture,
        security=source.security,
    )
    return Facts(source=source, definitions=dict.fromkeys(gallery_image_ids(template), fitting))


def preview_assumptions(template: ImageTemplate) -> tuple[str, ...]:
    """Return the assumptions that a preview makes, as sentences for a person."""
    source = preview_facts(template).source
    notes = [f"The source is assumed to be {source.os}, {source.architecture}, generation 2, without data disks."]
    if gallery_image_ids(template):
        notes.append("Image definitions are assumed to fit it, and to be in the template's region.")
    return (*notes, "The run's id, and a version that is the source's own, are placeholders until a build starts.")


def _reference(source: Source) -> ImageReference:
    match source:
        case PlatformImageSource():
            return ImageReference(
                publisher=source.publisher, offer=source.offer, sku=source.sku, version=source.version
            )
        case ManagedImageSource():
            return ImageReference(id=source.image_id)
        case SharedImageSource():
            return ImageReference(id=source.image_version_id)


def _operating_system(template: ImageTemplate) -> OperatingSystem:
    """Return the operating system that most steps are for; without any, that of the source's publisher."""
    steps = (*template.properties.customize, *template.properties.validation.in_vm_validations)
    needs = [NEEDS[step.type] for step in steps if step.type in NEEDS]
    if needs:
        return "Windows" if needs.count("Windows") > len(needs) / 2 else "Linux"
    source = template.properties.source
    windows = isinstance(source, PlatformImageSource) and source.publisher.lower().startswith("microsoftwindows")
    return "Windows" if windows else "Linux"


def _architecture(source: Source) -> Architecture:
    return "Arm64" if isinstance(source, PlatformImageSource) and "arm64" in source.sku.lower() else "x64"
