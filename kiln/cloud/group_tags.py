"""Whose a resource group is, by its tags: pure. Azure's names of tags know no case, and its ids neither.

Two Kilns in one subscription may have a template of the same id, so a group is a template's of one Kiln.
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
    """A template by its ARM id, and its Kiln; None where no tag tells."""

    template: str | None
    installation: str | None


class Owner(Enum):
    """Whose a group is, seen by one template."""

    NOBODYS = "nobody's"
    OURS = "ours"
    THEIRS = "theirs"


def user_in(tags: Mapping[str, str] | None, subscription: str) -> GroupUser:
    """Return whose a group's tags say that it is: one that Kiln named has the template's names, another its id."""
    name, group = tag(tags, "imageTemplateName"), tag(tags, "imageTemplateResourceGroupName")
    named = TemplateId(subscription=subscription, group=group, name=name).arm if name and group else None
    return GroupUser(named or tag(tags, USED_BY), tag(tags, INSTALLATION_TAG))


def owner_of(tags: Mapping[str, str] | None, subscription: str, own: GroupUser) -> Owner:
    """Return whose a group with these tags is. One without Kiln's own tag may be marked by Image Builder itself."""
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
    """Return those of the tags by which Kiln knows what lives as long as a template, as they are."""
    return {name: value for name, value in (tags or {}).items() if _is_kilns(name, value)}


def others_tags(tags: Mapping[str, str] | None, *but: str) -> dict[str, str]:
    """Return the tags that are not Kiln's, but for some."""
    known = {name.lower() for name in but}
    return {
        name: value for name, value in (tags or {}).items() if name.lower() not in known and not _is_kilns(name, value)
    }


def _is_kilns(name: str, value: str) -> bool:
    if name.lower() == CREATED_BY.lower():
        return value == KILN
    return name.lower() in {known.lower() for known in (*OWNER_TAGS, USED_BY, INSTALLATION_TAG)}
