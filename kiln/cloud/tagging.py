"""Tags of a resource group, changed one by one: other tags are not touched, and no group is made.

A PUT of a group replaces all its tags (Azure/azure-cli issue 11513), and makes the group anew if it was deleted
meanwhile; a PATCH of its tags does neither ("Tags - Update At Scope").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.errors import AzureNotFound
from kiln.ids import group_id

if TYPE_CHECKING:
    from collections.abc import Mapping


def put_on(subscription: str, group: str, tags: Mapping[str, str]) -> None:
    """Set these tags and keep the others. Raises `AzureNotFound` when the group is not there."""
    _update(subscription, group, "Merge", tags, f"tag the resource group {group}")


def take_off(subscription: str, group: str, tags: Mapping[str, str]) -> None:
    """Take these tags off, each only if it still has this value. A group that is gone is fine."""
    if not tags:
        return
    try:
        _update(subscription, group, "Delete", tags, f"take Kiln's tags off the resource group {group}")
    except AzureNotFound:
        return


def _update(subscription: str, group: str, operation: str, tags: Mapping[str, str], doing: str) -> None:
    scope = group_id(subscription, group).removeprefix("/")
    body: Any = {"operation": operation, "properties": {"tags": dict(tags)}}
    with azure(doing):
        clients.resources(subscription).tags.begin_update_at_scope(scope, body).result()
