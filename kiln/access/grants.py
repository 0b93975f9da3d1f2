"""Grants: the roles of principals in scopes, read from the setting `KILN_GRANTS`. Pure.

The setting is a JSON list of `{"principal": "<object id>" or "*", "role": "Reader", "scope": "/subscriptions/..."}`. A
principal is a user, a service principal or a group of the tenant; `*` is everyone in it who has a token for Kiln.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.access.roles import APP_ROLES, LEAST, Role
from kiln.access.scopes import Scope, arm_segments, is_within
from kiln.ids import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.access.claims import Caller

EVERYONE = "*"
EVERYTHING = Scope(())
_OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MEMBERS = {"principal", "role", "scope"}
_SHAPE = ("subscriptions", None, "resourcegroups", None, "providers", PROVIDER.lower(), "imagetemplates", None)
"""The segments of an image template's id; None for names."""
EXPECTED = (
    "'/', '/subscriptions/<id>', '/subscriptions/<id>/resourceGroups/<name>', or an image template's whole id, "
    "which may end in * for all names that begin like this"
)


@dataclass(frozen=True)
class Grant:
    """One role for one principal (an object id in lower case, or `*`) in one scope."""

    principal: str
    role: Role
    scope: Scope


def read_grants(text: str) -> tuple[Grant, ...]:
    """Return the grants in a setting's text. Raises a `ValueError` that names the entry and what is wrong with it."""
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if not isinstance(entries, list):
        raise ValueError("it is not a list")  # noqa: TRY004 - every fault of the setting is the same error
    return tuple(_grant(entry, f"[{index}]") for index, entry in enumerate(entries))


def _grant(entry: object, where: str) -> Grant:
    if not isinstance(entry, dict) or set(entry) != _MEMBERS or not all(isinstance(v, str) for v in entry.values()):
        raise ValueError(f"{where}: expected an object with the strings principal, role and scope, and nothing else")
    principal = entry["principal"].lower()
    if principal != EVERYONE and not _OBJECT_ID.fullmatch(principal):
        raise ValueError(f"{where}.principal: {entry['principal']!r} is neither an object id nor '*'")
    try:
        return Grant(principal, Role.parse(entry["role"]), grant_scope(entry["scope"]))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def grant_scope(text: str) -> Scope:
    """Return the scope that a grant names. Raises `ValueError` for a scope that can have no image templates in it."""
    scope = Scope.parse(text)
    is_whole = len(scope.segments) in {0, 2, 4, len(_SHAPE)}
    fits = all(fixed in {None, segment} for fixed, segment in zip(_SHAPE, scope.segments, strict=False))
    if not (is_whole and fits) or (scope.open_end and len(scope.segments) < len(_SHAPE)):
        raise ValueError(f"{text!r} is not a scope of a grant; expected {EXPECTED}")
    return scope


@dataclass(frozen=True)
class Rights:
    """The actions that callers are allowed, by their app roles and the grants. Scopes are ARM ids, `/` the tenant."""

    grants: tuple[Grant, ...] = ()

    def covers(self, caller: Caller, action: str, scope: str) -> bool:
        """Whether the caller is allowed the action at `scope` and below; an action that no role has is not allowed."""
        return any(granted.covers(scope) for granted in self._scopes(caller, action))

    def meets(self, caller: Caller, action: str, scope: str) -> bool:
        """Whether the caller is allowed the action at `scope` or at some scope below it."""
        around = arm_segments(scope)
        return around is not None and any(
            granted.covers(scope) or is_within(granted.segments, around) for granted in self._scopes(caller, action)
        )

    def _scopes(self, caller: Caller, action: str) -> Iterator[Scope]:
        least = LEAST.get(action)
        if least is None:
            return
        if any(APP_ROLES[role] >= least for role in caller.roles & APP_ROLES.keys()):
            yield EVERYTHING
        principals = {EVERYONE, caller.object_id, *caller.groups}
        for grant in self.grants:
            if grant.role >= least and grant.principal in principals:
                yield grant.scope
