"""Whether a template fits its source and its targets as they are: asked at submission, and before anything is built.

It collects all that does not fit; the rules stand in this package, one concern a module. What is wrong with a template
whatever is in Azure is the template language's to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import TemplateRefused
from kiln.planner.fit.disks import disk_misfits
from kiln.planner.fit.source import source_misfits
from kiln.planner.fit.steps import step_misfits
from kiln.planner.fit.targets import target_misfits

if TYPE_CHECKING:
    from kiln.errors import ErrorDetail
    from kiln.planner.facts import Facts
    from kiln.template.models import ImageTemplate


def misfits(template: ImageTemplate, facts: Facts) -> tuple[ErrorDetail, ...]:
    """Return all that does not fit; each has one of AIB's provisioning error codes, its path, and what to do next."""
    return (
        *source_misfits(template, facts.source),
        *step_misfits(template, facts.source),
        *disk_misfits(template, facts.source),
        *target_misfits(template, facts),
    )


def check_fit(template: ImageTemplate, facts: Facts) -> None:
    """Raise `TemplateRefused` with all that does not fit, if anything does not."""
    if found := misfits(template, facts):
        raise TemplateRefused(found)
