"""The tags of a resource group as a resource of their own: read, and changed without a PUT of the group.

Source: Resource Manager's specification (Microsoft.Resources 2024-07-01, Tags_GetAtScope and Tags_UpdateAtScope). Other
scopes than groups are not served. Names are case-insensitive, and a tag that is there keeps its case ("Use tags to
organize your Azure resources"). It is documented nowhere what Delete does with a pair whose value is another: here
that tag stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure import tag_rules
from devkit.azure.errors import group_not_found, invalid
from devkit.azure.routing import GROUP, Answer, Call, RouteTable
from devkit.azure.shapes import MAP, READ_ONLY, Must, OneOf, Shape

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
PATH = GROUP + "/providers/Microsoft.Resources/tags/default"
BODY: Shape = {
    "id": READ_ONLY, "name": READ_ONLY, "type": READ_ONLY,
    "operation": Must(OneOf(("Replace", "Merge", "Delete"))), "properties": Must({"tags": Must(MAP)}),
}  # fmt: skip


@table.route("GET", PATH)
async def get(cloud: Cloud, call: Call) -> Answer:
    """Show the tags."""
    return Answer(200, _shown(_group(cloud, call)))


@table.route("PATCH", PATH, body=BODY)
async def patch(cloud: Cloud, call: Call) -> Answer:
    """Replace all tags, add or change those given, or delete those given; make no group."""
    group, given = _group(cloud, call), call.body["properties"]["tags"]
    if not all(isinstance(value, str) for value in given.values()):
        raise invalid("The value of a tag has to be a string.", "properties.tags")
    old: dict[str, str] = group.doc.get("tags") or {}
    match call.body["operation"]:
        case "Replace":
            tags = given
        case "Merge":
            tags = _merged(old, given)
        case _:
            tags = _without(old, given)
    tag_rules.check(group.id, {"tags": tags})
    group.doc["tags"] = tags
    cloud.store.save(group)
    return Answer(200, _shown(group))


def _group(cloud: Cloud, call: Call) -> Resource:
    found = cloud.store.find(call.id)
    if found is None:
        raise group_not_found(call.params["group"])
    return found


def _merged(old: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    names = {name.lower(): name for name in old}
    return {**old, **{names.get(name.lower(), name): value for name, value in given.items()}}


def _without(old: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """Return the tags that are left when those given are deleted: by name, and by value too where one is given."""
    gone = {name.lower(): value for name, value in given.items()}
    return {name: value for name, value in old.items() if gone.get(name.lower()) not in {"", value}}


def _shown(group: Resource) -> dict[str, Any]:
    return {
        "id": f"{group.id}/providers/Microsoft.Resources/tags/default",
        "name": "default",
        "type": "Microsoft.Resources/tags",
        "properties": {"tags": group.doc.get("tags") or {}},
    }
