"""A template's staging group, claimed in Kiln's own store before anything is made in it, and looked at in Azure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.cloud import groups
from kiln.cloud.group_tags import GroupUser
from kiln.errors import BuildError
from kiln.runs.group_claims import GroupClaims
from kiln.runs.installation import installation_in
from kiln.runs.templates import Templates

if TYPE_CHECKING:
    from kiln.ids import TemplateId
    from kiln.runs.record import TemplateRecord


def claim_of(template: TemplateId) -> None:
    """Make sure that the template has its staging group. Raises a `BuildError` when it has not, or is gone."""
    stored = Templates().get(template)
    if stored is None:
        raise BuildError(f"The image template {template.arm} is gone.", target=template.arm)
    claim(stored.content)


def claim(record: TemplateRecord) -> None:
    """Claim the template's staging group, unless it has it. Raises a `BuildError` when another template has it."""
    other = GroupClaims().take(record)
    if other is not None:
        installation = installation_in(record.id.subscription)
        raise groups.in_use(
            record.staging_group, GroupUser(other.arm, installation), GroupUser(record.id.arm, installation)
        )


def check(record: TemplateRecord, location: str) -> None:
    """Claim the group, then look at one that the template names. Raises a `BuildError` when it cannot be used."""
    claim(record)
    if record.staging_given:
        groups.check(record.id, record.staging_group, location, installation_in(record.id.subscription))
