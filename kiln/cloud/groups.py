"""Staging resource groups: one of Kiln's own for each template, or one that the template names.

A named group that is there belongs to somebody else: Kiln marks it as used by the template (AIB's tag `usedBy`), makes
its things in it, and takes away no more than that. One that is not there is made, and goes with the template. Rules:
Microsoft's image-builder-json, `stagingResourceGroup`. Whose a group is its tags tell, read anew at each use: Azure
makes a group by an upsert without a condition, so that somebody may have made it at the same time: its answer tells.
"""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.cloud.group_tags import (
    CREATED_BY,
    KILN,
    USED_BY,
    GroupUser,
    Whose,
    is_made_by_kiln,
    user_in,
    whose,
    without,
)
from kiln.cloud.operations import may_have_worked, start
from kiln.cloud.refusal import refused
from kiln.errors import AzureNotFound, BuildError
from kiln.ids import group_id, name_of, part_of, region_name
from kiln.messages import Operation
from kiln.planner.tags import HOME_TAG, OWNER_TAGS

if TYPE_CHECKING:
    from azure.mgmt.resource.resources.models import ResourceGroup

    from kiln.ids import TemplateId
    from kiln.planner.staging import GroupSpec

CODE = "BadStagingResourceGroup"
TARGET = "properties.stagingResourceGroup"


class Standing(Enum):
    """How a staging group stands to a template that is being deleted."""

    GONE = "not there"
    MADE = "made by Kiln for the template"
    LENT = "somebody's, marked as used by the template"
    UNMARKED = "there, and used by nobody"
    THEIRS = "another template's, or another Kiln's"


def find(subscription: str, group: str) -> ResourceGroup | None:
    """Return a resource group, or None."""
    try:
        with azure(f"look up the resource group {group}"):
            return clients.resources(subscription).resource_groups.get(group)
    except AzureNotFound:
        return None


def create(spec: GroupSpec, *, anew: bool = True) -> None:
    """Make the staging group; one that the template names keeps its content and its own tags.

    Unless it is to be made `anew`, one that is there with its tags is left as it is. Raises a `BuildError` when it is
    another's, also when it became that just now: whoever wrote its tags last has it.
    """
    own = user_in(spec.tags, spec.subscription)
    there = find(spec.subscription, spec.name)
    _require_not_theirs(there, spec, own)
    if not anew and there is not None and spec.tags.items() <= (there.tags or {}).items():
        return
    tags = spec.tags
    if spec.given:
        tags = {**without(there.tags, *tags), **tags} if there else {**tags, CREATED_BY: KILN}
    doing = f"create the staging resource group {spec.name}"
    was_there = _write(spec.subscription, spec.name, spec.location, tags, doing)
    if spec.given and there is None and was_there:  # somebody made it since; what Kiln did not make it never deletes
        _write(spec.subscription, spec.name, spec.location, without(tags, CREATED_BY), doing)
    _require_not_theirs(find(spec.subscription, spec.name), spec, own)


def _require_not_theirs(found: ResourceGroup | None, spec: GroupSpec, own: GroupUser) -> None:
    if found is not None and whose(found.tags, spec.subscription, own) is Whose.THEIRS:
        raise in_use(spec.name, user_in(found.tags, spec.subscription), own)


def in_use(group: str, user: GroupUser, own: GroupUser) -> BuildError:
    """Return the error of a staging group that is another's."""
    of_another_kiln = user.home is not None and user.home != own.home
    who = user.template or "templates"
    hint = "Every template needs a staging group of its own."
    if of_another_kiln:
        hint = f"{hint} If that Kiln is gone, take the tags {USED_BY} and {HOME_TAG} off the group."
    return refused(
        f"The staging resource group {group} is in use by {who}{' of another Kiln' if of_another_kiln else ''}.",
        target=TARGET,
        code=CODE,
        hint=hint,
    )


def check(template: TemplateId, group: str, location: str, home: str) -> None:
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
    own = GroupUser(template.arm, home)
    match whose(found.tags, template.subscription, own):
        case Whose.OURS:
            return
        case Whose.THEIRS:
            raise in_use(group, user_in(found.tags, template.subscription), own)
        case Whose.NOBODYS:
            _require_empty(template.subscription, group)


def _require_empty(subscription: str, group: str) -> None:
    with azure(f"list what is in the resource group {group}"):
        content = next(iter(clients.resources(subscription).resources.list_by_resource_group(group)), None)
    if content is not None:
        raise refused(
            f"The staging resource group {group} is not empty: it has {content.id}.",
            target=TARGET,
            code=CODE,
            hint="Name an empty group, or one that does not exist yet, or none to let Kiln make one.",
        )


def standing(template: TemplateId, group: str, home: str) -> Standing:
    """Return how a staging group stands to the template, by the tags that it has now."""
    found = find(template.subscription, group)
    if found is None:
        return Standing.GONE
    match whose(found.tags, template.subscription, GroupUser(template.arm, home)):
        case Whose.OURS:
            return Standing.MADE if is_made_by_kiln(found.tags) else Standing.LENT
        case Whose.NOBODYS:
            return Standing.UNMARKED
        case Whose.THEIRS:
            return Standing.THEIRS


def start_end(template: TemplateId, group: str, home: str, *, given: bool) -> Operation:
    """Start to delete the template's staging group with all that is in it, if Kiln made it, or give it back.

    `given` tells that the template named it. Raises a `BuildError` when a group of Kiln's own has lost its tags.
    """
    match standing(template, group, home):
        case Standing.MADE:
            return start_delete(template.subscription, group)
        case Standing.LENT | Standing.UNMARKED if not given:
            tags = ", ".join(OWNER_TAGS)
            raise BuildError(
                f"The staging resource group {group} lacks the tags by which Kiln knows it as its own ({tags}), and "
                "was not deleted.",
                target=group_id(template.subscription, group),
                hint="Submit the template again, which puts them back, then delete it; or delete the group by hand.",
            )
        case Standing.LENT:
            unmark(group_id(template.subscription, group))
            return Operation(doing=f"release the staging resource group {group}")
        case Standing.GONE | Standing.UNMARKED | Standing.THEIRS as other:
            return Operation(doing=f"leave the resource group {group}, which is {other.value}")


def unmark(group: str) -> Operation:
    """Take Kiln's marks from a group (its ARM id) that is another's and that no template uses any more.

    It may be gone.
    """
    subscription, name = part_of(group, "subscriptions"), name_of(group)
    found, doing = find(subscription, name), f"release the resource group {name}"
    if found is not None:
        _write(subscription, name, str(found.location), without(found.tags, USED_BY, HOME_TAG), doing)
    return Operation(doing=doing)


def start_delete(subscription: str, group: str) -> Operation:
    """Start to delete a staging group with all that is in it. A group that is gone is fine."""
    doing = f"delete the staging resource group {group}"
    try:
        return start(doing, clients.resources(subscription).resource_groups.begin_delete, group)
    except AzureNotFound:
        return Operation(doing=doing)


def _write(subscription: str, group: str, location: str, tags: dict[str, str], doing: str) -> bool:
    """Make the group or replace its tags. Returns whether somebody had made it before.

    Azure answers 201 for a group that it makes, and 200 for one that is there ("Resource Groups - Create Or Update").
    One that an earlier try of this call may have made is not somebody's.
    """
    body: Any = {"location": location, "tags": tags}
    answers: list[Any] = []
    with azure(doing):
        clients.resources(subscription).resource_groups.create_or_update(group, body, raw_response_hook=answers.append)
    return bool(answers[-1].http_response.status_code == HTTPStatus.OK and not may_have_worked(answers))
