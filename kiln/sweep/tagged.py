"""Azure's lists of the resources and groups of a subscription that have Kiln's tags."""

from __future__ import annotations

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.group_tags import is_made_by_kiln, kilns_tags, user_in
from kiln.runs.tags import INSTALLATION_TAG, tag
from kiln.sweep.models import Tagged, TaggedGroup


def tagged(subscription: str, installation: str) -> tuple[Tagged, ...]:
    """Return all resources in the subscription with this installation's tag: one call for each page of 1,000.

    A list that is filtered by a tag's value has no tags (Resources - List, `$filter`), so this one is filtered by the
    tag's name, and other installations' resources are left out here.
    """
    with azure(f"list what Kiln made in the subscription {subscription}"):
        found = list(clients.resources(subscription).resources.list(filter=f"tagName eq '{INSTALLATION_TAG}'"))
    return tuple(
        Tagged(id=str(item.id), type=str(item.type), tags=dict(item.tags or {}))
        for item in found
        if tag(item.tags, INSTALLATION_TAG) == installation
    )


def tagged_groups(subscription: str, installation: str) -> tuple[TaggedGroup, ...]:
    """Return the resource groups in the subscription that this installation made or uses."""
    with azure(f"list the resource groups that Kiln uses in the subscription {subscription}"):
        found = list(
            clients.resources(subscription).resource_groups.list(
                filter=f"tagName eq '{INSTALLATION_TAG}' and tagValue eq '{installation}'"
            )
        )
    return tuple(
        TaggedGroup(
            id=str(item.id), own=is_made_by_kiln(tags), user=user_in(tags, subscription).template, mark=kilns_tags(tags)
        )
        for item in found
        for tags in [item.tags or {}]
    )
