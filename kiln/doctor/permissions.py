"""What Kiln's identity lacks, action by action, at each scope where the templates that are there need it.

A subscription is asked first: where that is enough, no group is asked. Role assignment conditions do not show.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from kiln import rights
from kiln.access.reach import named
from kiln.cloud.permissions import permissions
from kiln.config import config
from kiln.doctor.allowed import missing
from kiln.doctor.findings import Area, Fact, Finding, Severity
from kiln.errors import AzureNotFound
from kiln.ids import group_id, part_of
from kiln.messages.health import Found
from kiln.runs.home import home
from kiln.runs.store import Templates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kiln.doctor.allowed import Permission
    from kiln.runs.record import TemplateRecord

MOST_GROUPS = 100
"""Resource groups that one examination asks about."""
NEEDS = {
    "lookups": (rights.LOOKUPS, frozenset[str]()),
    "staging": (rights.STAGING, frozenset[str]()),
    "blobs": (rights.BLOBS, rights.BLOB_DATA),
    "images": (rights.IMAGES, frozenset[str]()),
    "networks": (rights.NETWORKS, frozenset[str]()),
}
"""By role, the actions and data actions."""
OF_TYPES = {
    "/providers/microsoft.compute/galleries/": "images",
    "/providers/microsoft.compute/images/": "images",
    "/providers/microsoft.network/virtualnetworks/": "networks",
}
"""By what is in an id that a template names, the role that Kiln needs there."""


def look() -> Found:
    """Return what is lacking, one finding for each role and scope."""
    needs = _needs(record for key in Templates().all_keys() if (record := Templates().by_key(key)) is not None)
    ask = functools.cache(permissions)
    findings: list[Finding] = []
    asked: set[str] = set()
    for scope, role in sorted(needs):
        subscription = f"/subscriptions/{part_of(scope, 'subscriptions')}"
        if not _lacking(role, ask(subscription)):
            continue
        if scope != subscription:
            asked.add(scope)
            if len(asked) > MOST_GROUPS:
                continue
        findings += _judged(scope, role, ask)
    if not findings and needs:
        text = f"Kiln's identity has what {len(needs)} uses of its roles need."
        return Found(facts=(Fact(area=Area.PERMISSIONS, target="permissions", text=text),))
    return Found(findings=tuple(findings))


def _needs(templates: Iterable[TemplateRecord]) -> set[tuple[str, str]]:
    """Return the scopes and the roles that are needed there."""
    found = {(f"/subscriptions/{subscription}", "lookups") for subscription in home().subscriptions}
    for record in templates:
        subscription = f"/subscriptions/{record.id.subscription}".lower()
        place = group_id(record.id.subscription, record.staging_group).lower() if record.staging_given else subscription
        found |= {(subscription, "lookups"), (place, "staging"), (place, "blobs")}
        for item in named(record.body):
            resource = item.resource.lower()
            role = next((role for part, role in OF_TYPES.items() if part in resource), None)
            if role is not None:
                group = group_id(part_of(resource, "subscriptions"), part_of(resource, "resourceGroups"))
                found.add((group.lower(), role))
    return found


def _judged(scope: str, role: str, ask: functools._lru_cache_wrapper[tuple[Permission, ...]]) -> Iterator[Finding]:
    try:
        lacking = _lacking(role, ask(scope))
    except AzureNotFound:
        message = "The resource group is not there, or Kiln's identity may see nothing in it."
        yield _finding(scope, message, "Make it, or name another one in the template.", ())
        return
    if lacking:
        what = lacking[0] if len(lacking) == 1 else f"{len(lacking)} actions"
        message = f"Kiln's identity lacks {what} of its role {_role(role)!r}."
        yield _finding(scope, message, _mend(scope, role), lacking)


def _lacking(role: str, known: tuple[Permission, ...]) -> tuple[str, ...]:
    actions, data_actions = NEEDS[role]
    return missing(known, actions, data_actions)


def _finding(scope: str, message: str, mend: str, details: tuple[str, ...]) -> Finding:
    return Finding(
        area=Area.PERMISSIONS, severity=Severity.ERROR, target=scope, message=message, mend=mend, details=details
    )


def _role(role: str) -> str:
    return rights.BLOB_ROLE if role == "blobs" else f"Kiln {role}"


def _mend(scope: str, role: str) -> str:
    named_role = f'"{rights.BLOB_ROLE}"' if role == "blobs" else f'"Kiln {role} <hash>"'
    identity = config().client_id or "<object id of the app's identity>"
    given = f"az role assignment create --assignee {identity} --role {named_role} --scope {scope}"
    if role == "blobs":
        return f"Give it the role: {given}"
    return (
        f"Give it the role: {given} (its whole name: az role definition list --custom-role-only). If it has the role "
        "already, the role is older than the code: azd provision makes it anew."
    )
