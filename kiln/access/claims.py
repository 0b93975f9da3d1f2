"""Judge a token's claims: is it for Kiln, from this tenant, and valid now? Pure; tokens.py checks signatures.

It owns the meaning of claims ("Access token claims reference"). Claims that App Service passes on are judged as
strictly as those of a token that Kiln checked itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.errors import NotAuthenticated

if TYPE_CHECKING:
    from collections.abc import Mapping

LEEWAY = 60
"""How much clocks may differ, in seconds."""
_NAMES = ("preferred_username", "upn", "unique_name", "name", "app_displayname")


@dataclass(frozen=True)
class Caller:
    """A caller whose token is good: a user, a service principal or a managed identity of the tenant.

    `object_id` and `groups` are Entra ID's ids in lower case, `app_id` is the client application's. `name` is for
    people to read, and proves nothing. With `groups_left_out` the caller is in more groups than a token has room for.
    """

    object_id: str
    app_id: str
    name: str
    tenant: str
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    groups_left_out: bool = False


@dataclass(frozen=True)
class Expected:
    """The issuers, the audiences and the tenant (its id) of which a good token has one each."""

    issuers: frozenset[str]
    audiences: frozenset[str]
    tenant: str


def caller_of(claims: Mapping[str, Any], expected: Expected, now: float) -> Caller:
    """Return the caller that the claims name, judged at `now` (Unix seconds).

    Raises a `NotAuthenticated` that says what is wrong.
    """
    _check_origin(claims, expected)
    _check_time(claims, now)
    return Caller(
        object_id=_text(claims, "oid").lower(),
        app_id=_text(claims, "azp" if "azp" in claims else "appid").lower(),
        name=next((claims[name] for name in _NAMES if isinstance(claims.get(name), str)), ""),
        tenant=expected.tenant,
        roles=_texts(claims, "roles"),
        groups=frozenset(group.lower() for group in _texts(claims, "groups")),
        groups_left_out=_leaves_groups_out(claims),
    )


def refused(why: str, code: str = "InvalidAuthenticationToken") -> NotAuthenticated:
    """Return the error for a token that is not good."""
    return NotAuthenticated(f"The access token is not good: {why}.", code=code)


def _check_origin(claims: Mapping[str, Any], expected: Expected) -> None:
    if _text(claims, "iss") not in expected.issuers or _text(claims, "tid").lower() != expected.tenant:
        raise refused("it is from another tenant or issuer", "InvalidAuthenticationTokenTenant")
    if _text(claims, "aud") not in expected.audiences:
        audiences = " or ".join(sorted(expected.audiences))
        raise refused(f"its audience is not {audiences}", "InvalidAuthenticationTokenAudience")


def _check_time(claims: Mapping[str, Any], now: float) -> None:
    if _seconds(claims, "exp") + LEEWAY <= now:
        raise refused("it has expired", "ExpiredAuthenticationToken")
    if "nbf" in claims and _seconds(claims, "nbf") - LEEWAY > now:
        raise refused("it is not valid yet")


def _text(claims: Mapping[str, Any], name: str) -> str:
    """Return a required claim. An ID token is refused by this: it lacks the client's id, azp or appid."""
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise refused(f"its claim {name} is missing, or not a string")
    return value


def _seconds(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise refused(f"its claim {name} is missing, or not a whole number")
    return value


def _texts(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    value = claims.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise refused(f"its claim {name} is not a list of strings")
    return frozenset(value)


def _leaves_groups_out(claims: Mapping[str, Any]) -> bool:
    """Whether the caller is in too many groups for a token ("Groups overage claim")."""
    elsewhere = claims.get("_claim_names")
    return (isinstance(elsewhere, dict) and "groups" in elsewhere) or claims.get("hasgroups") is True
