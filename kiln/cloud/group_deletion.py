"""The deletion of a staging group with everything in it, or its return to others who have resources in it.

Kiln deletes a group only if Kiln made it and nobody else's resource is in it at that moment. Otherwise Kiln deletes
only what it made in it, takes its tags off and leaves the group, as the log says. Between the list of a group's
resources and its DELETE are milliseconds in which somebody may add one: ARM has no condition for the DELETE.
"""

from __future__ import annotations

import logging
from enum import Enum
from typing import TYPE_CHECKING

from kiln.cloud import clients, exports, groups, inventory, marks, tagging
from kiln.cloud.group_tags import GroupUser, Owner, is_made_by_kiln, kilns_tags, others_tags, owner_of, user_in
from kiln.cloud.operations import start
from kiln.contracts.base import Operation
from kiln.errors import AzureNotFound, BuildError
from kiln.ids import group_id, name_of, part_of
from kiln.runs.tags import OWNER_TAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure.mgmt.resource.resources.models import ResourceGroup

    from kiln.cloud.inventory import Content
    from kiln.ids import TemplateId
    from kiln.runs.ledger import LedgerEntry

log = logging.getLogger("kiln.cloud")
NAMED = 3
"""The most resources of others that a message names."""


class Ownership(Enum):
    """The relation of a staging group to a template that is being deleted; the values are for messages."""

    GONE = "not there"
    MADE = "made by Kiln for the template"
    LENT = "somebody else's, marked as used by the template"
    UNMARKED = "not marked as used by any template"
    THEIRS = "another template's, or another Kiln's"


def ownership(template: TemplateId, group: str, installation: str) -> Ownership:
    """Return the relation of a staging group to the template, by the tags that it has now."""
    return _ownership(groups.find(template.subscription, group), template, installation)


def _ownership(found: ResourceGroup | None, template: TemplateId, installation: str) -> Ownership:
    if found is None:
        return Ownership.GONE
    match owner_of(found.tags, template.subscription, GroupUser(template.arm, installation)):
        case Owner.OURS:
            return Ownership.MADE if is_made_by_kiln(found.tags) else Ownership.LENT
        case Owner.NOBODYS:
            return Ownership.UNMARKED
        case Owner.THEIRS:
            return Ownership.THEIRS


def to_delete(template: TemplateId, group: str, installation: str) -> tuple[LedgerEntry, ...]:
    """Return the resources to delete in the template's staging group before its end; none if all of it is deleted."""
    owner = ownership(template, group, installation)
    if owner in {Ownership.GONE, Ownership.THEIRS}:
        return ()
    content = inventory.content(template.subscription, group, GroupUser(template.arm, installation))
    if owner is Ownership.MADE and not content.others:
        return ()
    access = (each.model_copy(update={"kind": "disk-access", "tier": 0}) for each in _read_disks(content))
    return (*access, *content.own)


def delete_or_return(template: TemplateId, group: str, installation: str, *, given: bool) -> Operation:
    """Start to delete the template's staging group with everything in it, or leave it to its owner.

    `given` means that the template named the group. Raises a `BuildError` when a group of Kiln's own has lost its tags,
    or when somebody added a resource to it after `to_delete` looked.
    """
    found = groups.find(template.subscription, group)
    owner = _ownership(found, template, installation)
    if found is None or owner is Ownership.THEIRS:
        return Operation(doing=f"leave the resource group {group}, which is {owner.value}")
    content = inventory.content(template.subscription, group, GroupUser(template.arm, installation))
    if owner is Ownership.MADE and not content.others:
        return _start_delete(template.subscription, group, content)
    if owner is Ownership.MADE:
        _leave(template.subscription, group, found.tags or {}, content)
        return Operation(doing=f"leave the resource group {group}, which has {_named(content.others)} in it")
    anothers = content.others or (tuple(others_tags(found.tags)) if owner is Ownership.UNMARKED else ())
    if not given and not anothers:
        tags = ", ".join(OWNER_TAGS)
        raise BuildError(
            f"The staging resource group {group} lacks the tags by which Kiln knows its own groups ({tags}), "
            "so it was not deleted.",
            target=group_id(template.subscription, group),
            hint="Submit the template again, which restores the tags, then delete it; or delete the group by hand.",
        )
    if not given:
        log.warning(
            "left the resource group %s, which is not the one that Kiln made: it has %s", group, _named(anothers)
        )
    if owner is Ownership.LENT:
        tagging.take_off(template.subscription, group, kilns_tags(found.tags))
    return Operation(doing=f"leave the resource group {group}, which is {owner.value}")


def start_delete(entry: LedgerEntry) -> Operation:
    """Start to delete the group of a ledger entry, which Kiln made and whose template is gone.

    Raises a `BuildError` when the group is left because somebody else's resource is in it.
    """
    subscription, group = part_of(entry.id, "subscriptions"), name_of(entry.id)
    content = inventory.content(subscription, group, user_in(entry.mark, subscription))
    if not content.others:
        return _start_delete(subscription, group, content)
    _leave(subscription, group, entry.mark, content)
    raise BuildError(
        f"{entry.id} is not deleted, because it has {_named(content.others)} in it, which Kiln did not make. Kiln has "
        "deleted what it made in it, and taken its tags off.",
        target=entry.id,
        hint="Its owner may keep or delete it.",
    )


def unmark(entry: LedgerEntry) -> Operation:
    """Take Kiln's tags off somebody else's group that no template uses any more. The group may be gone."""
    subscription, group = part_of(entry.id, "subscriptions"), name_of(entry.id)
    tagging.take_off(subscription, group, entry.mark)
    return Operation(doing=f"release the resource group {group}")


def _start_delete(subscription: str, group: str, content: Content) -> Operation:
    """Start to delete a group. The access that exports left to its disks is withdrawn first: it would block that."""
    for disk in _read_disks(content):
        exports.revoke(disk.id)
    doing = f"delete the staging resource group {group}"
    try:
        return start(doing, clients.resources(subscription).resource_groups.begin_delete, group)
    except AzureNotFound:
        return Operation(doing=doing)


def _read_disks(content: Content) -> list[LedgerEntry]:
    """Return the disks that a signed URL can still read, since an export was not ended."""
    disks = [(entry, marks.find(entry)) for entry in content.own if entry.kind == "disk"]
    return [entry for entry, found in disks if found is not None and found.is_read]


def _leave(subscription: str, group: str, tags: Mapping[str, str], content: Content) -> None:
    """Take Kiln's tags off a group that stays. Raises a `BuildError` while something that Kiln made is in it."""
    if any(marks.is_own(entry) for entry in content.own):  # the list may still have deleted ones
        raise BuildError(
            f"The resource group {group} is not deleted: it has {_named(content.others)} in it, which came just now "
            "and which Kiln did not make.",
            target=group_id(subscription, group),
            hint="Delete again: then Kiln deletes what it made in it, and leaves the rest.",
        )
    tagging.take_off(subscription, group, kilns_tags(tags))
    log.warning("left the resource group %s, which has %s in it: Kiln did not make that", group, _named(content.others))


def _named(others: tuple[str, ...]) -> str:
    more = len(others) - NAMED
    return ", ".join(others[:NAMED]) + (f" and {more} more" if more > 0 else "")
