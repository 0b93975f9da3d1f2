"""The permissions of Kiln's identity at a scope, as Azure Resource Manager lists them ("Permissions" of its API)."""

from __future__ import annotations

from typing import Any

from azure.core.rest import HttpRequest

from kiln.cloud import clients
from kiln.cloud.allowed import Permission
from kiln.cloud.failures import azure
from kiln.ids import part_of


def permissions(scope: str) -> tuple[Permission, ...]:
    """Return the permissions of the app's identity at a subscription or resource group: one entry for each role."""
    client = clients.resources(part_of(scope, "subscriptions"))
    url = f"{scope}/providers/Microsoft.Authorization/permissions?api-version={clients.PERMISSIONS}"
    found: list[Permission] = []
    while url:
        with azure(f"look up what Kiln's identity may do at {scope}"):
            answer = client.send_request(HttpRequest("GET", url))
            answer.raise_for_status()
        page = answer.json()
        found += [_permission(each) for each in page["value"]]
        url = page.get("nextLink") or ""
    return tuple(found)


def _permission(entry: dict[str, Any]) -> Permission:
    return Permission(
        actions=tuple(entry.get("actions") or ()),
        not_actions=tuple(entry.get("notActions") or ()),
        data_actions=tuple(entry.get("dataActions") or ()),
        not_data_actions=tuple(entry.get("notDataActions") or ()),
    )
