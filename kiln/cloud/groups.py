"""Staging resource groups: one of Kiln's own for each template, or one that the template names.

A named group that exists belongs to somebody else: Kiln marks it as used by the template (AIB's tag `usedBy`), makes
its resources in it, and later deletes only these (kiln.cloud.group_deletion). One that does not exist is made. Rules:
Microsoft's image-builder-json, `stagingResourceGroup`. A group's tags say whose it is; they are read anew at each use,
and on an existing group they are changed one by one. Azure makes a group by an upsert without a condition, so somebody
else may make it at the same time; the answer says whether it existed.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from kiln.cloud import clients, inventory, tagging
from kiln.cloud.failures import azure, refused
from kiln.cloud.group_tags import (
    CREATED_BY,
    KILN,
    USED_BY,
    GroupUser,
    Owner,
    is_made_by_kiln,
    others_tags,
    owner_of,
    user_in,
)
from kiln.cloud.operations import may_have_worked
from kiln.errors import AzureNotFound, BuildError
from kiln.ids import region_name
from kiln.runs.tags import INSTALLATION_TAG, tag

if TYPE_CHECKING:
    from azure.mgmt.resource.resources.models import ResourceGroup

    from kiln.ids import TemplateId
    from kiln.planner.staging import GroupSpec

CODE = "BadStagingResourceGroup"
TARGET = "properties.stagingResourceGroup"


def find(subscription: str, group: str) -> ResourceGroup | None:
    """Return a resource group, or None if it does not exist."""
    try:
        with azure(f"look up the resource group {group}"):
            return clients.resources(subscription).resource_groups.get(group)
    except AzureNotFound:
        return None


def create(spec: GroupSpec) -> None:
    """Make the staging group, or mark an existing one, which keeps its content and its own tags.

    Raises a `BuildError` when the group is another template's, even if only since a moment ago (the last to write the
    tags has it), and when a group with the name of Kiln's own is no longer the one that Kiln made.
    """
    own = user_in(spec.tags, spec.subscription)
    there = find(spec.subscription, spec.name)
    _require_not_theirs(there, spec, own)
    if there is None or not _mark(spec, there, own):
        _make(spec)
    _require_not_theirs(find(spec.subscription, spec.name), spec, own)


def _mark(spec: GroupSpec, there: ResourceGroup, own: GroupUser) -> bool:
    """Put the tags that are missing on a group, and return whether the group still exists."""
    if owner_of(there.tags, spec.subscription, own) is Owner.NOBODYS:
        if not spec.given:
            _require_not_made_anew(spec, there, own)
        elif is_made_by_kiln(there.tags):  # a copied tag: Kiln never deletes a group that it did not make
            tagging.take_off(spec.subscription, spec.name, {CREATED_BY: KILN})
    missing = {name: value for name, value in spec.tags.items() if tag(there.tags, name) != value}
    try:
        if missing:
            tagging.put_on(spec.subscription, spec.name, missing)
    except AzureNotFound:
        return False
    return True


def _make(spec: GroupSpec) -> None:
    """Make the group. A named one that somebody else made meanwhile loses the tag by which Kiln would delete it."""
    tags = {**spec.tags, CREATED_BY: KILN} if spec.given else spec.tags
    if _put(spec, tags) and spec.given:
        tagging.take_off(spec.subscription, spec.name, {CREATED_BY: KILN})


def _require_not_made_anew(spec: GroupSpec, there: ResourceGroup, own: GroupUser) -> None:
    """Raise a `BuildError` for a group with the name of Kiln's own that somebody else has made anew.

    Such a group lacks Kiln's tags, and has resources or tags that are not Kiln's.
    """
    content = inventory.content(spec.subscription, spec.name, own)
    strange = others_tags(there.tags, *spec.tags)
    if content.others:
        what = f"it has {content.others[0]}, which Kiln did not make"
    elif strange and not content.own:
        what = f"it has the tags {', '.join(f'{name}={value}' for name, value in strange.items())}, and none of Kiln's"
    else:
        return
    raise refused(
        f"The staging resource group {spec.name} is not the one that Kiln made: {what}.",
        target=TARGET,
        code=CODE,
        hint="Move its content and delete the group: Kiln then makes its own again. Or delete the template, which "
        "leaves the group as it is.",
    )


def _require_not_theirs(found: ResourceGroup | None, spec: GroupSpec, own: GroupUser) -> None:
    if found is not None and owner_of(found.tags, spec.subscription, own) is Owner.THEIRS:
        raise in_use(spec.name, user_in(found.tags, spec.subscription), own)


def in_use(group: str, user: GroupUser, own: GroupUser) -> BuildError:
    """Return the error of a staging group that is another template's."""
    of_another_kiln = user.installation is not None and user.installation != own.installation
    who = user.template or "templates"
    hint = "Every template needs a staging group of its own."
    if of_another_kiln:
        hint = f"{hint} If that Kiln is gone, take the tags {USED_BY} and {INSTALLATION_TAG} off the group."
    return refused(
        f"The staging resource group {group} is in use by {who}{' of another Kiln' if of_another_kiln else ''}.",
        target=TARGET,
        code=CODE,
        hint=hint,
    )


def check(template: TemplateId, group: str, location: str, installation: str) -> None:
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
    own = GroupUser(template.arm, installation)
    match owner_of(found.tags, template.subscription, own):
        case Owner.OURS:
            return
        case Owner.THEIRS:
            raise in_use(group, user_in(found.tags, template.subscription), own)
        case Owner.NOBODYS:
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


def _put(spec: GroupSpec, tags: dict[str, str]) -> bool:
    """Make the group, and return whether somebody else had made it before.

    Azure answers 201 for a group that it makes, and 200 for one that exists ("Resource Groups - Create Or Update").
    A group that an earlier try of this call may have made does not count as somebody else's.
    """
    body: Any = {"location": spec.location, "tags": tags}
    answers: list[Any] = []
    with azure(f"create the staging resource group {spec.name}"):
        clients.resources(spec.subscription).resource_groups.create_or_update(
            spec.name, body, raw_response_hook=answers.append
        )
    return bool(answers[-1].http_response.status_code == HTTPStatus.OK and not may_have_worked(answers))
