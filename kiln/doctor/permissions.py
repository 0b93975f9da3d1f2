"""What Kiln's identity lacks, action by action, at each scope where the templates that are there need it.

A subscription is asked first: where that is enough, no group is asked. One that does not answer is a finding of its
own, and the others are looked at all the same. Role assignment conditions do not show.
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
from kiln.doctor.contracts import Found
from kiln.doctor.findings import Area, Fact, Finding, Severity
from kiln.doctor.granting import grant, identity
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
"""Resource groups that one examination asks about."""
MOST_TOLD = 20
"""Uses of roles that a finding lists by name."""
REFUSED = "AuthorizationFailed"
"""Resource Manager's code for a caller who lacks the action ("Troubleshoot Azure RBAC")."""
NEEDS = {
    "lookups": (azure_roles.LOOKUPS, frozenset[str]()),
    "staging": (azure_roles.STAGING, frozenset[str]()),
    "blobs": (azure_roles.BLOBS, azure_roles.BLOB_DATA),
    "images": (azure_roles.IMAGES, frozenset[str]()),
    "networks": (azure_roles.NETWORKS, frozenset[str]()),
}
"""By role, the actions and data actions."""
OF_TYPES = {
    "/providers/microsoft.compute/galleries/": "images",
    "/providers/microsoft.compute/images/": "images",
    "/providers/microsoft.network/virtualnetworks/": "networks",
}
"""By what is in an id that a template names, the role that Kiln needs there."""


def examine() -> Found:
    """Return what is lacking, one finding for each role and scope, and what could not be asked about."""
    return judged(_needs(Templates().read_each().contents), permissions)


def judged(needs: Iterable[Use], ask: Ask) -> Found:
    """Return what is lacking of the `needs`, where `ask` returns what may be done at a scope, or raises."""
    uses, answer = sorted(needs), functools.cache(functools.partial(_answer, ask))
    findings: list[Finding] = []
    silent: Uses = defaultdict(list)
    skipped: Uses = defaultdict(list)
    groups: set[str] = set()
    fine = 0
    for scope, role in uses:
        place = subscription = _subscription(scope)
        known = answer(subscription)
        if scope != subscription and not isinstance(known, Exception) and _lacking(role, known):
            if scope not in groups and len(groups) == MOST_GROUPS:
                skipped[subscription].append((scope, role))
                continue
            groups.add(scope)
            place, known = scope, answer(scope)
        if isinstance(known, Exception):
            silent[place].append((scope, role))
        elif lacking := _lacking(role, known):
            findings.append(_lack(scope, role, lacking))
        else:
            fine += 1
    findings += [_silent(place, answer(place), unseen) for place, unseen in silent.items()]
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
        text = f"Kiln's identity has what {fine} of {of} uses of its roles need."
        yield Fact(area=Area.PERMISSIONS, target="permissions", text=text)


def _needs(templates: Iterable[TemplateRecord]) -> set[Use]:
    """Return the scopes and the roles that are needed there."""
    found = {(f"/subscriptions/{subscription}", "lookups") for subscription in installation().subscriptions}
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


def _lack(scope: str, role: str, lacking: tuple[str, ...]) -> Finding:
    what = lacking[0] if len(lacking) == 1 else f"{len(lacking)} actions"
    return _finding(scope, f"Kiln's identity lacks {what} of its role {_role(role)!r}.", _fix(scope, role), lacking)


def _silent(place: str, error: object, unseen: list[Use]) -> Finding:
    """Return the finding of a subscription or group that did not say what may be done there."""
    whole = place == _subscription(place)
    if isinstance(error, AzureNotFound) and not whole:
        message = "The resource group is not there, or Kiln's identity may see nothing in it."
        return _finding(place, message, "Make it, or name another one in the template.")
    reason = redact(str(error)).rstrip(".")
    message = f"It cannot be seen what Kiln's identity may do here, for {len(unseen)} uses of its roles: {reason}."
    if isinstance(error, AzureNotFound) or (isinstance(error, BuildError) and REFUSED in _codes(error)):
        fix = f"{_fix(_subscription(place), 'lookups')} What else it lacks shows after that."
        fix += " If the subscription is gone, delete its templates." if whole else ""
    else:
        hint = error.detail.hint if isinstance(error, BuildError) else None
        fix = hint or "Azure did not answer: look again later. The other subscriptions were looked at."
    return _finding(place, message, fix, _told(unseen))


def _skipped(subscription: str, unseen: list[Use]) -> Finding:
    groups = len({scope for scope, _ in unseen})
    message = f"{groups} more resource groups were not looked at: one examination asks about {MOST_GROUPS}."
    roles = ", ".join(repr(_role(role)) for role in sorted({role for _, role in unseen}))
    fix = (
        f"Give it the roles {roles} at the subscription, which spares asking its groups; or see by hand: az role "
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
        f"Give it the role: {given} (its whole name: az role definition list --custom-role-only). If it has the role "
        "already, the role is older than the code: azd provision makes it anew."
    )
