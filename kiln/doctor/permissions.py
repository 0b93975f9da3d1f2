"""Examine permissions: find the actions that Kiln's identity lacks at the scopes where templates need them.

A subscription is asked first; if its answer is enough, its resource groups are not asked. A scope that does not answer
is a finding of its own, and does not stop the others. Conditions of role assignments are not visible here.
"""

from __future__ import annotations

import functools
import shlex
from collections import defaultdict
from typing import TYPE_CHECKING

from kiln import azure_roles
from kiln.access.reach import named
from kiln.cloud.allowed import missing
from kiln.cloud.permissions import permissions
from kiln.doctor.azure_cli import grant, identity
from kiln.doctor.contracts import Found
from kiln.doctor.findings import Area, Fact, Finding, Severity
from kiln.errors import AzureNotFound, BuildError
from kiln.ids import group_id, part_of
from kiln.redact import redact
from kiln.runs.installation import installation
from kiln.runs.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kiln.cloud.allowed import Permission
    from kiln.runs.record import TemplateRecord

    Ask = Callable[[str], tuple[Permission, ...]]
    Use = tuple[str, str]
    """A scope, and the role that is needed there."""
    Uses = dict[str, list[Use]]

MOST_GROUPS = 100
"""The most resource groups that one examination asks about."""
MOST_TOLD = 20
"""The most uses of roles that one finding lists."""
REFUSED = "AuthorizationFailed"
"""Resource Manager's code for a caller who lacks the action ("Troubleshoot Azure RBAC")."""
NEEDS = {
    **{name: (actions, frozenset[str]()) for name, actions in azure_roles.ROLES.items()},
    "blobs": (azure_roles.BLOBS, azure_roles.BLOB_DATA),
}
"""The actions and data actions of each role."""
OF_TYPES = {
    "/providers/microsoft.compute/galleries/": "images",
    "/providers/microsoft.compute/images/": "images",
    "/providers/microsoft.network/virtualnetworks/": "networks",
}
"""The role that Kiln needs for a resource that a template names, by a part of the resource's id."""


def examine() -> Found:
    """Return a finding for each role that is lacking at a scope, and for each scope that could not be asked about."""
    return judged(_needs(Templates().read_each().contents), permissions)


def judged(needs: Iterable[Use], ask: Ask) -> Found:
    """Return findings for those `needs` that are not met; `ask` returns the permissions at a scope, or raises."""
    uses, answer = sorted(needs), functools.cache(functools.partial(_answer, ask))
    findings: list[Finding] = []
    silent: Uses = defaultdict(list)
    skipped: Uses = defaultdict(list)
    groups: set[str] = set()
    fine = 0
    for scope, role in uses:
        asked = subscription = _subscription(scope)
        known = answer(subscription)
        if scope != subscription and not isinstance(known, Exception) and _lacking(role, known):
            if scope not in groups and len(groups) == MOST_GROUPS:
                skipped[subscription].append((scope, role))
                continue
            groups.add(scope)
            asked, known = scope, answer(scope)
        if isinstance(known, Exception):
            silent[asked].append((scope, role))
        elif lacking := _lacking(role, known):
            findings.append(_lack(scope, role, lacking))
        else:
            fine += 1
    findings += [_silent(asked, answer(asked), unseen) for asked, unseen in silent.items()]
    findings += [_skipped(subscription, unseen) for subscription, unseen in skipped.items()]
    return Found(findings=tuple(findings), facts=tuple(_facts(fine, len(uses))))


def _answer(ask: Ask, scope: str) -> tuple[Permission, ...] | Exception:
    from azure.core.exceptions import AzureError

    try:
        return ask(scope)
    except (BuildError, AzureError) as error:
        return error


def _facts(fine: int, of: int) -> Iterator[Fact]:
    if fine:
        text = f"Kiln's identity has the permissions for {fine} of {of} uses of its roles."
        yield Fact(area=Area.PERMISSIONS, target="permissions", text=text)


def _needs(templates: Iterable[TemplateRecord]) -> set[Use]:
    """Return the roles that are needed, each with the scope where it is needed."""
    found = {(f"/subscriptions/{subscription}", "lookups") for subscription in installation().subscriptions}
    for record in templates:
        subscription = f"/subscriptions/{record.id.subscription}".lower()
        staging = group_id(record.id.subscription, record.staging_group).lower()
        scope = staging if record.staging_given else subscription
        found |= {(subscription, "lookups"), (scope, "staging"), (scope, "blobs")}
        for item in named(record.body):
            resource = item.resource.lower()
            role = next((role for part, role in OF_TYPES.items() if part in resource), None)
            if role is not None:
                group = group_id(part_of(resource, "subscriptions"), part_of(resource, "resourceGroups"))
                found.add((group.lower(), role))
    return found


def _lack(scope: str, role: str, lacking: tuple[str, ...]) -> Finding:
    what = lacking[0] if len(lacking) == 1 else f"{len(lacking)} actions"
    return _finding(scope, f"Kiln's identity lacks {what} of its role {_role(role)!r}.", _fix(scope, role), lacking)


def _silent(scope: str, error: object, unseen: list[Use]) -> Finding:
    """Return the finding of a subscription or group whose permissions could not be read."""
    whole = scope == _subscription(scope)
    if isinstance(error, AzureNotFound) and not whole:
        message = "The resource group does not exist, or Kiln's identity may see nothing in it."
        return _finding(scope, message, "Create it, or name another one in the template.")
    reason = redact(str(error)).rstrip(".")
    message = f"The permissions of Kiln's identity could not be read, for {len(unseen)} uses of its roles: {reason}."
    if isinstance(error, AzureNotFound) or (isinstance(error, BuildError) and REFUSED in _codes(error)):
        fix = f"{_fix(_subscription(scope), 'lookups')} Then run kiln doctor again: it may lack more."
        fix += " If the subscription is gone, delete its templates." if whole else ""
    else:
        hint = error.detail.hint if isinstance(error, BuildError) else None
        fix = hint or "Azure did not answer: try again later. The other subscriptions were examined."
    return _finding(scope, message, fix, _told(unseen))


def _skipped(subscription: str, unseen: list[Use]) -> Finding:
    groups = len({scope for scope, _ in unseen})
    message = f"{groups} more resource groups were not examined: one examination asks about {MOST_GROUPS} at most."
    roles = ", ".join(repr(_role(role)) for role in sorted({role for _, role in unseen}))
    fix = (
        f"Give it the roles {roles} at the subscription: then its groups need not be asked. Or look by hand: az role "
        f"assignment list --scope <group's id> --include-inherited --assignee {identity()}"
    )
    return _finding(subscription, message, fix, _told(unseen), Severity.WARNING)


def _told(uses: list[Use]) -> tuple[str, ...]:
    told = tuple(f"{_role(role)} at {scope}" for scope, role in uses[:MOST_TOLD])
    return (*told, f"and {len(uses) - MOST_TOLD} more") if len(uses) > MOST_TOLD else told


def _codes(error: BuildError) -> set[str]:
    return {detail.code for detail in error.detail.details}


def _subscription(scope: str) -> str:
    return f"/subscriptions/{part_of(scope, 'subscriptions')}"


def _lacking(role: str, known: tuple[Permission, ...]) -> tuple[str, ...]:
    actions, data_actions = NEEDS[role]
    return missing(known, actions, data_actions)


def _finding(
    scope: str, message: str, fix: str, details: tuple[str, ...] = (), severity: Severity = Severity.ERROR
) -> Finding:
    return Finding(area=Area.PERMISSIONS, severity=severity, target=scope, message=message, fix=fix, details=details)


def _role(role: str) -> str:
    return azure_roles.BLOB_ROLE if role == "blobs" else f"Kiln {role}"


def _fix(scope: str, role: str) -> str:
    given = grant(azure_roles.BLOB_ROLE if role == "blobs" else f"Kiln {role} <hash>", shlex.quote(scope))
    if role == "blobs":
        return f"Give it the role: {given}"
    return (
        f"Give it the role: {given} (az role definition list --custom-role-only shows the role's whole name). If it "
        "has the role already, the role is older than the code: azd provision updates it."
    )
