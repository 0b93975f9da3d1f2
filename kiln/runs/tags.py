"""The tags of the resources that Kiln makes: its own, by which it knows them, and those that the template asks for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiln.ids import RunRef, TemplateId
    from kiln.template.models import ImageTemplate

OWNER_TAGS = ("createdBy", "imageTemplateName", "imageTemplateResourceGroupName")
"""The tags that name a resource's template, as Image Builder has them (image-builder-json, `stagingResourceGroup`)."""

RUN_TAG = "kilnRun"
MARK_TAG = "kilnMark"
"""The tag with the mark of the run that made a resource; clean-up deletes by it. A run's id is unique within its
template alone, so the mark has the maker in it as well. It is ASCII, so that a blob's metadata accepts it too."""
INSTALLATION_TAG = "kilnInstallation"
"""The tag with the id of the installation that made a resource: each sweeps its own resources alone."""


def tag(tags: Mapping[str, str] | None, name: str) -> str | None:
    """Return the value of a tag (a blob's metadata), or None; names are compared without case, as Azure does."""
    return next((value for known, value in (tags or {}).items() if known.lower() == name.lower()), None)


def template_tags(template: ImageTemplate, template_id: TemplateId, installation: str | None) -> dict[str, str]:
    """Return the tags of the resources that live as long as the template. Kiln's own cannot be overridden.

    `installation` is the id of the one that builds (kiln.runs.installation); None in a plan that nobody builds.
    """
    values = ("Kiln", template_id.name, template_id.group)
    return managed_tags(template) | dict(zip(OWNER_TAGS, values, strict=True)) | installation_tags(installation)


def run_tags(run: RunRef, installation: str | None) -> dict[str, str]:
    """Return the tags of the resources that a run makes: its id, for people, and its mark."""
    return {RUN_TAG: run.run_id, MARK_TAG: f"{maker(run.template, installation)}-{run.run_id}"}


def maker(template: TemplateId, installation: str | None) -> str:
    """Return the first part of the marks of a template's runs: 16 hex digits for this template of this installation."""
    return hashlib.sha256(f"{installation or ''}/{template.key}".encode()).hexdigest()[:16]


def maker_in(mark: str) -> str:
    """Return the maker in a run's mark: the part that the marks of all runs of its template share."""
    return mark.partition("-")[0]


def mark_in(tags: Mapping[str, str]) -> dict[str, str]:
    """Return only the mark from a run's tags: the tag by which its resources are known."""
    return {MARK_TAG: tags[MARK_TAG]}


def installation_tags(installation: str | None) -> dict[str, str]:
    """Return the tag with the installation's id; no tag without an id."""
    return {INSTALLATION_TAG: installation} if installation else {}


def managed_tags(template: ImageTemplate) -> dict[str, str]:
    """Return the template's `managedResourceTags` without Kiln's own names, whatever their case."""
    return users_tags(template.properties.managed_resource_tags)


def users_tags(given: Mapping[str, str]) -> dict[str, str]:
    """Return a user's tags without Kiln's own names, whatever their case: Azure's tag names are case-insensitive."""
    own = {name.lower() for name in (*OWNER_TAGS, RUN_TAG, MARK_TAG, INSTALLATION_TAG)}
    return {name: value for name, value in given.items() if name.lower() not in own}


def overridden_tags(template: ImageTemplate) -> tuple[str, ...]:
    """Return the names in `managedResourceTags` that are Kiln's own."""
    return tuple(name for name in template.properties.managed_resource_tags if name not in managed_tags(template))
