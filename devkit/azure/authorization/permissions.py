"""Permissions of the caller at a scope: all there are, unless a test says otherwise; nothing here enforces them.

It owns the answer (learn.microsoft.com, "Permissions - List For Resource Group", which Resource Manager gives at a
subscription as well) and the inheritance of scopes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure.errors import group_not_found, invalid
from devkit.azure.routing import GROUP, SUBSCRIPTION, Answer, Call, RouteTable
from devkit.azure.shapes import STR, Many, Must, Shape, check

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()
ALL = {"actions": ["*"], "notActions": [], "dataActions": ["*"], "notDataActions": []}
PERMISSION: Shape = {
    "actions": Must(Many(STR)),
    "notActions": Many(STR),
    "dataActions": Many(STR),
    "notDataActions": Many(STR),
}
SETTING: Shape = {"scope": Must(STR), "permissions": Must(Many(PERMISSION))}
_KIND = "permissions"


@table.route("GET", SUBSCRIPTION + "/providers/Microsoft.Authorization/permissions")
async def of_subscription(cloud: Cloud, call: Call) -> Answer:
    """List the caller's permissions in the subscription: one entry for each role that it was given."""
    return Answer(200, {"value": _at(cloud, f"/subscriptions/{call.params['subscription']}")})


@table.route("GET", GROUP + "/providers/Microsoft.Authorization/permissions")
async def of_group(cloud: Cloud, call: Call) -> Answer:
    """List the caller's permissions in the group, and those that it has in the subscription."""
    group = f"/subscriptions/{call.params['subscription']}/resourceGroups/{call.params['group']}"
    if cloud.store.find(group) is None:
        raise group_not_found(call.params["group"])
    return Answer(200, {"value": _at(cloud, group)})


@table.route("PUT", "/_local/permissions", anonymous=True)
async def set_permissions(cloud: Cloud, call: Call) -> Answer:
    """Set the caller's permissions by scope, in place of all there are; an empty list gives these back."""
    if not isinstance(call.body, list):
        raise invalid("Send a list of scopes with their permissions.")
    settings = [check(SETTING, entry) for entry in call.body]
    for scope, _ in list(cloud.store.records(_KIND)):
        cloud.store.forget(_KIND, scope)
    for setting in settings:
        cloud.store.record(_KIND, setting["scope"].lower(), {"permissions": setting["permissions"]})
    return Answer(200, call.body)


def _at(cloud: Cloud, scope: str) -> list[dict[str, Any]]:
    known = dict(cloud.store.records(_KIND))
    if not known:
        return [ALL]
    within = f"{scope.lower()}/"
    given = [body["permissions"] for place, body in known.items() if within.startswith(f"{place}/")]
    return [{name: permission.get(name, []) for name in ALL} for permissions in given for permission in permissions]
