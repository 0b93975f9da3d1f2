"""Staging resource groups: one of Kiln's own for each template, or one that the template names.

A named group that is there belongs to somebody else: Kiln marks it as used by the template (AIB's tag `usedBy`), makes
its things in it, and takes away no more than that. One that is not there is made, and goes with the template. Rules:
Microsoft's image-builder-json, `stagingResourceGroup`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.operations import start
from kiln.cloud.refusal import refused
from kiln.errors import AzureNotFound
from kiln.ids import name_of, part_of, region_name
from kiln.messages import Operation
from kiln.planner.tags import HOME_TAG

if TYPE_CHECKING:
    from azure.mgmt.resource.resources.models import ResourceGroup

    from kiln.ids import TemplateId
    from kiln.planner.staging import GroupSpec

CODE = "BadStagingResourceGroup"
TARGET = "properties.stagingResourceGroup"
USED_BY = "usedBy"
CREATED_BY = "createdBy"
KILN = "Kiln"


def find(subscription: str, group: str) -> ResourceGroup | None:
    """Return a resource group, or None."""
    try:
        with azure(f"look up the resource group {group}"):
            return clients.resources(subscription).resource_groups.get(group)
    except AzureNotFound:
        return None


def create(spec: GroupSpec) -> None:
    """Make the staging group. A group that is there keeps its content and, if the template names it, its own tags."""
    tags = spec.tags
    if spec.given:
        there = find(spec.subscription, spec.name)
        tags = {**(there.tags or {}), **tags} if there else {**tags, CREATED_BY: KILN}
    body: Any = {"location": spec.location, "tags": tags}
    with azure(f"create the staging resource group {spec.name}"):
        clients.resources(spec.subscription).resource_groups.create_or_update(spec.name, body)


def is_ready(spec: GroupSpec) -> bool:
    """Whether the staging group is there with its tags."""
    found = find(spec.subscription, spec.name)
    return found is not None and spec.tags.items() <= (found.tags or {}).items()


def check(template: TemplateId, group: str, location: str) -> None:
    """Raise a `BuildError` when a named staging group cannot be used: it must be empty, unless it is the template's."""
    found = find(template.subscription, group)
    if found is None:
        return
    if region_name(str(found.location)) != region_name(location):
        raise refused(
            f"The staging resource group {group} is in {found.location}, but the template is in {location}.",
            target=TARGET,
            code=CODE,
            hint="Name a group of the template's region, or none to let Kiln make one.",
        )
    user = (found.tags or {}).get(USED_BY)
    if user is not None and user.lower() == template.arm.lower():
        return
    if user is not None:
        raise refused(
            f"The staging resource group {group} is in use by {user}.",
            target=TARGET,
            code=CODE,
            hint="Every template needs a staging group of its own.",
        )
    with azure(f"list what is in the resource group {group}"):
        content = next(iter(clients.resources(template.subscription).resources.list_by_resource_group(group)), None)
    if content is not None:
        raise refused(
            f"The staging resource group {group} is not empty: it has {content.id}.",
            target=TARGET,
            code=CODE,
            hint="Name an empty group, or one that does not exist yet, or none to let Kiln make one.",
        )


def is_made_by_kiln(template: TemplateId, group: str) -> bool:
    """Whether Kiln made a named group for this template; one that is gone counts as such."""
    found = find(template.subscription, group)
    if found is None:
        return True
    tags = found.tags or {}
    return tags.get(CREATED_BY) == KILN and tags.get(USED_BY, "").lower() == template.arm.lower()


def release(template: TemplateId, group: str) -> None:
    """Take the template's mark from a named group. A group that is gone, or another template's, is left alone."""
    found = find(template.subscription, group)
    tags = dict((found.tags if found else None) or {})
    if found is None or tags.pop(USED_BY, "").lower() != template.arm.lower():
        return
    tags.pop(HOME_TAG, None)
    body: Any = {"location": found.location, "tags": tags}
    with azure(f"release the staging resource group {group}"):
        clients.resources(template.subscription).resource_groups.create_or_update(group, body)


def unmark(group_id: str) -> Operation:
    """Take Kiln's marks from a group that is another's and that no template uses any more; it may be gone."""
    subscription, group = part_of(group_id, "subscriptions"), name_of(group_id)
    found = find(subscription, group)
    if found is not None:
        tags = {name: value for name, value in (found.tags or {}).items() if name not in {USED_BY, HOME_TAG}}
        body: Any = {"location": found.location, "tags": tags}
        with azure(f"release the resource group {group}"):
            clients.resources(subscription).resource_groups.create_or_update(group, body)
    return Operation(doing=f"release the resource group {group}")


def start_delete(subscription: str, group: str) -> Operation:
    """Start to delete a staging group with all that is in it. A group that is gone is fine."""
    client = clients.resources(subscription)
    with azure(f"look up the staging resource group {group}"):
        exists = client.resource_groups.check_existence(group)
    doing = f"delete the staging resource group {group}"
    if not exists:
        return Operation(doing=doing)
    return start(doing, client.resource_groups.begin_delete, group)
