"""Checks that a template fits its source and its targets in Azure, at submission and again before anything is built.

It collects everything that does not fit; each module of this package has the rules of one concern. Problems that do not
depend on what is in Azure are reported by the template language (kiln.template).
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
    """Return everything that does not fit, each with one of AIB's provisioning error codes, its path and a hint."""
    return (
        *source_misfits(template, facts.source),
        *step_misfits(template, facts.source),
        *disk_misfits(template, facts.source),
        *target_misfits(template, facts),
    )


def check_fit(template: ImageTemplate, facts: Facts) -> None:
    """Raise `TemplateRefused` with everything that does not fit, if there is anything."""
    if found := misfits(template, facts):
        raise TemplateRefused(found)
