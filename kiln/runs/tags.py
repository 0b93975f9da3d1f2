"""The tags of all that Kiln makes: whose it is, and what the template asks for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiln.ids import RunRef, TemplateId
    from kiln.template.models import ImageTemplate

OWNER_TAGS = ("createdBy", "imageTemplateName", "imageTemplateResourceGroupName")
"""AIB's names for them (Microsoft's image-builder-json, `stagingResourceGroup`)."""

RUN_TAG = "kilnRun"
MARK_TAG = "kilnMark"
"""The run whose own a resource is: what clean-up goes by. A run's id is unique within its template alone, so this has
the maker in it as well; it is ASCII, so that a blob's metadata takes it, too."""
INSTALLATION_TAG = "kilnInstallation"
"""Which Kiln made it: several may build in one subscription, and each sweeps its own alone."""


def tag(tags: Mapping[str, str] | None, name: str) -> str | None:
    """Return the value of a tag, or of a blob's metadata, or None; Azure compares the names without regard to case."""
    return next((value for known, value in (tags or {}).items() if known.lower() == name.lower()), None)


def template_tags(template: ImageTemplate, template_id: TemplateId, installation: str | None) -> dict[str, str]:
    """Return the tags of what lives as long as the template. Kiln's own cannot be overridden: clean-up goes by them.

    `installation` is the Kiln that builds (kiln.runs.installation); a plan that nobody builds has none.
    """
    values = ("Kiln", template_id.name, template_id.group)
    return managed_tags(template) | dict(zip(OWNER_TAGS, values, strict=True)) | installation_tags(installation)


def run_tags(run: RunRef, installation: str | None) -> dict[str, str]:
    """Return the tags of what a run makes: its id, for people, and its mark."""
    return {RUN_TAG: run.run_id, MARK_TAG: f"{maker(run.template, installation)}-{run.run_id}"}


def maker(template: TemplateId, installation: str | None) -> str:
    """Return what the marks of a template's runs begin with: 16 hex digits for this template of this very Kiln."""
    return hashlib.sha256(f"{installation or ''}/{template.key}".encode()).hexdigest()[:16]


def maker_in(mark: str) -> str:
    """Return the part of a run's mark that all runs of its template have."""
    return mark.partition("-")[0]


def mark_in(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the one of a run's tags by which what it made is known as its own."""
    return {MARK_TAG: tags[MARK_TAG]}


def installation_tags(installation: str | None) -> dict[str, str]:
    """Return the tag that tells which Kiln it is; none of none."""
    return {INSTALLATION_TAG: installation} if installation else {}


def managed_tags(template: ImageTemplate) -> dict[str, str]:
    """Return the template's `managedResourceTags` but for Kiln's own names, in any case."""
    return users_tags(template.properties.managed_resource_tags)


def users_tags(given: Mapping[str, str]) -> dict[str, str]:
    """Return tags that a user gives but for Kiln's own names, in any case: Azure's names of tags know no case."""
    own = {name.lower() for name in (*OWNER_TAGS, RUN_TAG, MARK_TAG, INSTALLATION_TAG)}
    return {name: value for name, value in given.items() if name.lower() not in own}


def overridden_tags(template: ImageTemplate) -> tuple[str, ...]:
    """Return the names in `managedResourceTags` that are Kiln's own."""
    return tuple(name for name in template.properties.managed_resource_tags if name not in managed_tags(template))
