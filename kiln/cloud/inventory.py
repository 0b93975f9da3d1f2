"""What Kiln made, found by its tags: in one template's staging group, or anywhere in a subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.group_tags import USED_BY, GroupUser, Whose, is_made_by_kiln, user_in, whose
from kiln.errors import AzureNotFound
from kiln.planner.tags import HOME_TAG, OWNER_TAGS
from kiln.sweep.decide import KINDS
from kiln.sweep.found import Tagged, TaggedGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure.mgmt.resource.resources.models import GenericResourceExpanded

    from kiln.ids import TemplateId
    from kiln.runs.record import LedgerEntry


def staged(template: TemplateId, group: str, home: str) -> tuple[LedgerEntry, ...]:
    """Return what the Kiln `home` made for the template in a group, first tier first; nothing when it is gone."""
    try:
        with azure(f"list what is in the resource group {group}"):
            found = list(clients.resources(template.subscription).resources.list_by_resource_group(group))
    except AzureNotFound:
        return ()
    entries = (
        KINDS[str(item.type).lower()].model_copy(update={"id": item.id, "mark": _mark(item.tags or {})})
        for item in found
        if str(item.type).lower() in KINDS and _is_of(item, template, home)
    )
    return tuple(sorted(entries, key=lambda entry: entry.tier))


def tagged(subscription: str, home: str) -> tuple[Tagged, ...]:
    """Return all resources in the subscription that the Kiln `home` made: one call for each page of 1,000.

    Filtered by a tag's value, the list has no tags and takes no $expand (Resources - List, `$filter`).
    """
    with azure(f"list what Kiln made in the subscription {subscription}"):
        found = list(clients.resources(subscription).resources.list(filter=_by_tag(home)))
    return tuple(Tagged(id=str(item.id), type=str(item.type)) for item in found)


def tagged_groups(subscription: str, home: str) -> tuple[TaggedGroup, ...]:
    """Return the resource groups in the subscription that the Kiln `home` made or uses."""
    with azure(f"list the resource groups that Kiln uses in the subscription {subscription}"):
        found = list(clients.resources(subscription).resource_groups.list(filter=_by_tag(home)))
    return tuple(
        TaggedGroup(
            id=str(item.id), own=is_made_by_kiln(tags), user=user_in(tags, subscription).template, mark=_mark(tags)
        )
        for item in found
        for tags in [item.tags or {}]
    )


def _mark(tags: Mapping[str, str]) -> dict[str, str]:
    """Return those of the tags by which Kiln knows what lives as long as a template."""
    known = {name.lower() for name in (*OWNER_TAGS, USED_BY, HOME_TAG)}
    return {name: value for name, value in tags.items() if name.lower() in known}


def _by_tag(home: str) -> str:
    return f"tagName eq '{HOME_TAG}' and tagValue eq '{home}'"


def _is_of(item: GenericResourceExpanded, template: TemplateId, home: str) -> bool:
    own = whose(item.tags, template.subscription, GroupUser(template.arm, home)) is Whose.OURS
    return own and is_made_by_kiln(item.tags)
