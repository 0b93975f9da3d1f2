"""What Kiln made, found by its tags: in one template's staging group, or anywhere in a subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.group_tags import Whose, is_made_by_kiln, kilns_tags, tag, user_in, whose
from kiln.errors import AzureNotFound
from kiln.planner.tags import HOME_TAG
from kiln.sweep.decide import KINDS
from kiln.sweep.found import Tagged, TaggedGroup

if TYPE_CHECKING:
    from azure.mgmt.resource.resources.models import GenericResourceExpanded

    from kiln.cloud.group_tags import GroupUser
    from kiln.runs.record import LedgerEntry


class Content(NamedTuple):
    """A group's content: what one Kiln made for one template, first tier first, and the ids of all that it did not.

    What is within something of Kiln's, such as an extension of a machine, goes with that and is in neither.
    """

    own: tuple[LedgerEntry, ...] = ()
    others: tuple[str, ...] = ()


def content(subscription: str, group: str, user: GroupUser) -> Content:
    """Return what is in a group, seen by the template that uses it; nothing when it is gone."""
    try:
        with azure(f"list what is in the resource group {group}"):
            found = list(clients.resources(subscription).resources.list_by_resource_group(group))
    except AzureNotFound:
        return Content()
    entries = [
        KINDS[str(item.type).lower()].model_copy(update={"id": item.id, "mark": kilns_tags(item.tags)})
        for item in found
        if str(item.type).lower() in KINDS and _is_of(item, subscription, user)
    ]
    own = tuple(f"{entry.id}/".lower() for entry in entries)
    others = tuple(str(item.id) for item in found if not f"{item.id}/".lower().startswith(own))
    return Content(tuple(sorted(entries, key=lambda entry: entry.tier)), others)


def tagged(subscription: str, home: str) -> tuple[Tagged, ...]:
    """Return all resources in the subscription with the tag of the Kiln `home`: one call for each page of 1,000.

    Filtered by a tag's value, the list has no tags (Resources - List, `$filter`), so it is filtered by its name, and
    has what other Kilns made, too.
    """
    with azure(f"list what Kiln made in the subscription {subscription}"):
        found = list(clients.resources(subscription).resources.list(filter=f"tagName eq '{HOME_TAG}'"))
    return tuple(
        Tagged(id=str(item.id), type=str(item.type), tags=dict(item.tags or {}))
        for item in found
        if tag(item.tags, HOME_TAG) == home
    )


def tagged_groups(subscription: str, home: str) -> tuple[TaggedGroup, ...]:
    """Return the resource groups in the subscription that the Kiln `home` made or uses."""
    with azure(f"list the resource groups that Kiln uses in the subscription {subscription}"):
        found = list(
            clients.resources(subscription).resource_groups.list(
                filter=f"tagName eq '{HOME_TAG}' and tagValue eq '{home}'"
            )
        )
    return tuple(
        TaggedGroup(
            id=str(item.id), own=is_made_by_kiln(tags), user=user_in(tags, subscription).template, mark=kilns_tags(tags)
        )
        for item in found
        for tags in [item.tags or {}]
    )


def _is_of(item: GenericResourceExpanded, subscription: str, user: GroupUser) -> bool:
    return whose(item.tags, subscription, user) is Whose.OURS and is_made_by_kiln(item.tags)
