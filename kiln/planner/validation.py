"""The validation in a plan: a machine made from the image, or from the source alone, and its validators as steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.ids import resource_id
from kiln.planner import artifacts, names
from kiln.planner.customize import run_script
from kiln.planner.facts import ImageReference
from kiln.planner.machine import validation_machine
from kiln.planner.plan import ValidationImageSpec, ValidationSpec

if TYPE_CHECKING:
    from kiln.planner.commands import Commands
    from kiln.planner.facts import SourceFacts
    from kiln.planner.staging import StagingSpec
    from kiln.template.models import ImageTemplate

DEFINITION, VERSION = "image", "1.0.0"
"""Names in the run's own validation gallery."""


def validation(
    template: ImageTemplate,
    run_id: str,
    version: int,
    staging: StagingSpec,
    tags: dict[str, str],
    source: SourceFacts,
    commands: Commands,
) -> ValidationSpec | None:
    """Return the validation, or None for a template that asks for none.

    `sourceValidationOnly` without validators still makes the machine, to prove that the source boots.
    """
    asked = template.properties.validation
    if not asked.in_vm_validations and not asked.source_validation_only:
        return None
    image = None if asked.source_validation_only else _image(run_id, staging, tags, source)
    return ValidationSpec(
        machine=validation_machine(template, run_id, staging, tags, source, _reference(image) if image else None),
        image=image,
        steps=tuple(
            run_script(artifacts.VALIDATE, index, validator, version=version, commands=commands, os=source.os)
            for index, validator in enumerate(asked.in_vm_validations)
        ),
        log_blob=names.validation_log_blob(run_id),
        continue_on_failure=asked.continue_distribute_on_failure,
    )


def _image(run_id: str, staging: StagingSpec, tags: dict[str, str], source: SourceFacts) -> ValidationImageSpec:
    return ValidationImageSpec(
        subscription=staging.group.subscription,
        group=staging.group.name,
        location=staging.group.location,
        tags=tags,
        gallery=names.validation_gallery(run_id),
        definition=DEFINITION,
        version=VERSION,
        os=source.os,
        generation=source.generation,
        architecture=source.architecture,
        security=source.security,
        controllers=source.controllers,
    )


def _reference(image: ValidationImageSpec) -> ImageReference:
    parts = (image.gallery, image.definition, image.version)
    kind = "Microsoft.Compute/galleries/images/versions"
    return ImageReference(id=resource_id(image.subscription, image.group, kind, *parts))
