"""The lineage of an image version, the templates that led to it, as tags: it keeps rebuilds from running in a cycle.

It owns both tags. A run that a source image started continues that image's lineage; any other run begins a new one.
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
"""The most templates in a row that may be rebuilt one after another."""


def short_name(template: TemplateId) -> str:
    """Return a template's short name in lineages: 8 hex digits, so that ten fit into a tag's 256 characters."""
    return digest(template.key, length=8)


def leads_round(template: TemplateId, lineage: tuple[str, ...]) -> bool:
    """Whether a version with this lineage must start no run of `template`: that would be a cycle, or one too many."""
    return short_name(template) in lineage or len(lineage) >= DEEPEST


def lineage_tags(template: TemplateId, before: tuple[str, ...]) -> dict[str, str]:
    """Return the lineage tags of a version that `template` makes; `before` are the earlier templates, oldest first."""
    return {TEMPLATE_TAG: template.key, LINEAGE_TAG: " ".join((*before, short_name(template))[-DEEPEST - 1 :])}


def maker_of(tags: Mapping[str, str]) -> str | None:
    """Return the key of the template that made a version with these tags; None if Kiln did not."""
    return tags.get(TEMPLATE_TAG, "").lower() or None


def lineage_of(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Return the templates that led to a version with these tags, oldest first."""
    return tuple(tags.get(LINEAGE_TAG, "").split())
