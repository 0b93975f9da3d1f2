"""Which templates an image version went through: the tags that stop a rebuild from going round in circles.

It owns both tags. A run that a source image started goes on with that image's lineage; any other run begins anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.ids import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiln.ids import TemplateId

TEMPLATE_TAG = "kilnTemplate"
LINEAGE_TAG = "kilnLineage"
DEEPEST = 10
"""Templates in a row that may follow from one another."""


def short_name(template: TemplateId) -> str:
    """Return what a template is called in lineages: 8 hex digits, so that ten fit into a tag's 256 characters."""
    return digest(template.key, length=8)


def leads_round(template: TemplateId, lineage: tuple[str, ...]) -> bool:
    """Whether what `lineage` led to must lead to no run of `template`: it follows from one, or from too many."""
    return short_name(template) in lineage or len(lineage) >= DEEPEST


def lineage_tags(template: TemplateId, before: tuple[str, ...]) -> dict[str, str]:
    """Return the tags of a version that `template` makes, after the templates `before` it, oldest first."""
    return {TEMPLATE_TAG: template.key, LINEAGE_TAG: " ".join((*before, short_name(template))[-DEEPEST - 1 :])}


def maker_of(tags: Mapping[str, str]) -> str | None:
    """Return the key of the template that made a version with these tags; None if Kiln did not."""
    return tags.get(TEMPLATE_TAG, "").lower() or None


def lineage_of(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Return the templates that led to a version with these tags, oldest first."""
    return tuple(tags.get(LINEAGE_TAG, "").split())
