"""Sparing the resources of templates whose documents cannot be read, so that the rest can be swept. Pure.

The staging group of such a template is unknown. It is in the template's own subscription, and it is no group whose tags
name another template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.ids import TemplateId, part_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kiln.runs.record import TemplateRecord
    from kiln.sweep.models import Tagged, TaggedGroup


def without_unreadable(
    resources: Iterable[Tagged],
    groups: Iterable[TaggedGroup],
    templates: Iterable[TemplateRecord],
    hidden: Collection[str],
) -> tuple[list[Tagged], list[TaggedGroup]]:
    """Return the resources and groups that surely belong to none of the unreadable templates `hidden` (keys).

    `templates` are those that can be read.
    """
    resources, groups = list(resources), list(groups)
    if not hidden:
        return resources, groups
    subscriptions = {key.partition("/")[0] for key in hidden}
    users = {_place_of(group.id): _user(group) for group in groups}
    known = {_place(record.id.subscription, record.staging_group) for record in templates}
    known |= {place for place, user in users.items() if place is not None and user is not None}
    known -= {place for place, user in users.items() if place is not None and user in hidden}

    def is_sure(arm_id: str) -> bool:
        place = _place_of(arm_id)
        return place is not None and (place in known or place.partition("/")[0] not in subscriptions)

    return [each for each in resources if is_sure(each.id)], [each for each in groups if is_sure(each.id)]


def _user(group: TaggedGroup) -> str | None:
    """Return the key of the template that the group's tags name."""
    try:
        return TemplateId.parse(group.user).key if group.user else None
    except ValueError:
        return None


def _place_of(arm_id: str) -> str | None:
    try:
        return _place(part_of(arm_id, "subscriptions"), part_of(arm_id, "resourceGroups"))
    except ValueError:
        return None


def _place(subscription: str, group: str) -> str:
    return f"{subscription}/{group}".lower()
