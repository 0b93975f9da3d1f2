"""What Kiln made, found by its tags: in one template's staging group, or anywhere in a subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.group_tags import GroupUser, Whose, is_made_by_kiln, user_in, whose
from kiln.errors import AzureNotFound
from kiln.ids import TemplateId, name_of, part_of
from kiln.planner.tags import HOME_TAG, RUN_TAG
from kiln.sweep.decide import KINDS
from kiln.sweep.found import Tagged, TaggedGroup

if TYPE_CHECKING:
    from azure.mgmt.resource.resources.models import GenericResourceExpanded

    from kiln.runs.record import LedgerEntry

NAMED_BY_TEMPLATE = frozenset({"image", "gallery-version"})
"""Kinds whose names the template gives, so that two runs may make the same one after another."""


def staged(template: TemplateId, group: str, home: str) -> tuple[LedgerEntry, ...]:
    """Return what the Kiln `home` made for the template in a group, first tier first; nothing when it is gone."""
    try:
        with azure(f"list what is in the resource group {group}"):
            found = list(clients.resources(template.subscription).resources.list_by_resource_group(group))
    except AzureNotFound:
        return ()
    entries = (
        KINDS[str(item.type).lower()].model_copy(update={"id": item.id})
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
        TaggedGroup(id=str(item.id), own=is_made_by_kiln(tags), user=user_in(tags, subscription).template)
        for item in found
        for tags in [item.tags or {}]
    )


def is_made_by(entry: LedgerEntry, run_id: str) -> bool:
    """Whether what a ledger names is still what its run made; by now another may have made one of the same name."""
    if entry.kind not in NAMED_BY_TEMPLATE:
        return True
    compute = clients.compute(part_of(entry.id, "subscriptions"))
    group, name = part_of(entry.id, "resourceGroups"), name_of(entry.id)
    try:
        with azure(f"look up {entry.id}"):
            if entry.kind == "image":
                tags = compute.images.get(group, name, api_version=clients.COMPUTE).tags
            else:
                tags = compute.gallery_image_versions.get(
                    group,
                    part_of(entry.id, "galleries"),
                    part_of(entry.id, "images"),
                    name,
                    api_version=clients.GALLERIES,
                ).tags
    except AzureNotFound:
        return True
    return (tags or {}).get(RUN_TAG) == run_id


def _by_tag(home: str) -> str:
    return f"tagName eq '{HOME_TAG}' and tagValue eq '{home}'"


def _is_of(item: GenericResourceExpanded, template: TemplateId, home: str) -> bool:
    own = whose(item.tags, template.subscription, GroupUser(template.arm, home)) is Whose.OURS
    return own and is_made_by_kiln(item.tags)
