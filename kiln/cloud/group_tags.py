"""The owner of a resource group, by its tags. Pure. Azure ignores case in the names of tags, and in ids.

Two Kilns in one subscription may have templates with the same id, so the tags name the template and its Kiln.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from kiln.ids import TemplateId
from kiln.runs.tags import INSTALLATION_TAG, OWNER_TAGS, tag

if TYPE_CHECKING:
    from collections.abc import Mapping

USED_BY = "usedBy"
CREATED_BY = "createdBy"
KILN = "Kiln"


class GroupUser(NamedTuple):
    """The user of a group: a template by its ARM id, and its Kiln by the installation's id; None if no tag says it."""

    template: str | None
    installation: str | None


class Owner(Enum):
    """The owner of a group, as one template sees it."""

    NOBODYS = "nobody's"
    OURS = "ours"
    THEIRS = "theirs"


def user_in(tags: Mapping[str, str] | None, subscription: str) -> GroupUser:
    """Return the user that a group's tags name. Kiln's own groups have the template's names, others have its id."""
    name, group = tag(tags, "imageTemplateName"), tag(tags, "imageTemplateResourceGroupName")
    named = TemplateId(subscription=subscription, group=group, name=name).arm if name and group else None
    return GroupUser(named or tag(tags, USED_BY), tag(tags, INSTALLATION_TAG))


def owner_of(tags: Mapping[str, str] | None, subscription: str, own: GroupUser) -> Owner:
    """Return the owner of a group with these tags. Without an installation's tag Image Builder may have marked it."""
    found = user_in(tags, subscription)
    if found.installation is not None and found.installation != own.installation:
        return Owner.THEIRS
    if found.template is None:
        return Owner.NOBODYS
    return Owner.OURS if found.template.lower() == (own.template or "").lower() else Owner.THEIRS


def is_made_by_kiln(tags: Mapping[str, str] | None) -> bool:
    """Whether the tags say that Kiln made the group, rather than found it."""
    return tag(tags, CREATED_BY) == KILN


def kilns_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """Return those of the tags that Kiln puts on groups and resources that live as long as a template."""
    return {name: value for name, value in (tags or {}).items() if _is_kilns(name, value)}


def others_tags(tags: Mapping[str, str] | None, *but: str) -> dict[str, str]:
    """Return the tags that are not Kiln's, without those that `but` names."""
    known = {name.lower() for name in but}
    return {
        name: value for name, value in (tags or {}).items() if name.lower() not in known and not _is_kilns(name, value)
    }


def _is_kilns(name: str, value: str) -> bool:
    if name.lower() == CREATED_BY.lower():
        return value == KILN
    return name.lower() in {known.lower() for known in (*OWNER_TAGS, USED_BY, INSTALLATION_TAG)}
