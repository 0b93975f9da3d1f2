"""The tags of all that Kiln makes: whose it is, and what the template asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiln.ids import TemplateId
    from kiln.template.models import ImageTemplate

OWNER_TAGS = ("createdBy", "imageTemplateName", "imageTemplateResourceGroupName")
"""AIB's names for them (Microsoft's image-builder-json, `stagingResourceGroup`)."""

RUN_TAG = "kilnRun"
HOME_TAG = "kilnHome"
"""Which Kiln made it: several may build in one subscription, and each sweeps its own alone."""


def template_tags(template: ImageTemplate, template_id: TemplateId, home: str | None) -> dict[str, str]:
    """Return the tags of what lives as long as the template. Kiln's own cannot be overridden: clean-up goes by them.

    `home` is the Kiln that builds (kiln.runs.home); a plan that nobody builds has none.
    """
    values = ("Kiln", template_id.name, template_id.group)
    return managed_tags(template) | dict(zip(OWNER_TAGS, values, strict=True)) | home_tags(home)


def home_tags(home: str | None) -> dict[str, str]:
    """Return the tag that tells which Kiln it is; none of none."""
    return {HOME_TAG: home} if home else {}


def managed_tags(template: ImageTemplate) -> dict[str, str]:
    """Return the template's `managedResourceTags` but for Kiln's own names, in any case."""
    own = {name.lower() for name in (*OWNER_TAGS, RUN_TAG, HOME_TAG)}
    return {name: value for name, value in template.properties.managed_resource_tags.items() if name.lower() not in own}


def overridden_tags(template: ImageTemplate) -> tuple[str, ...]:
    """Return the names in `managedResourceTags` that are Kiln's own."""
    return tuple(name for name in template.properties.managed_resource_tags if name not in managed_tags(template))
