"""What a token says, judged: is it for Kiln, of this tenant, and good now? Pure; signatures are not its business.

It owns the meaning of claims (Microsoft's "Access token claims reference"). It is as strict with the claims that App
Service hands on as with those of a token that Kiln checked itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.access.principal import Caller
from kiln.errors import NotAuthenticated

if TYPE_CHECKING:
    from collections.abc import Mapping

LEEWAY = 60
"""Seconds by which clocks may differ."""
_NAMES = ("preferred_username", "upn", "unique_name", "name", "app_displayname")


@dataclass(frozen=True)
class Expected:
    """What a good token is: from one of these issuers, for one of these audiences, of this tenant (its id)."""

    issuers: frozenset[str]
    audiences: frozenset[str]
    tenant: str


def caller_of(claims: Mapping[str, Any], expected: Expected, now: float) -> Caller:
    """Return who the claims speak of, at `now` (Unix seconds). Raises `NotAuthenticated` that names what is wrong."""
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
        raise refused("it is of another tenant, or of another issuer", "InvalidAuthenticationTokenTenant")
    if _text(claims, "aud") not in expected.audiences:
        audiences = " or ".join(sorted(expected.audiences))
        raise refused(f"it is for another audience than {audiences}", "InvalidAuthenticationTokenAudience")


def _check_time(claims: Mapping[str, Any], now: float) -> None:
    if _seconds(claims, "exp") + LEEWAY <= now:
        raise refused("it has expired", "ExpiredAuthenticationToken")
    if "nbf" in claims and _seconds(claims, "nbf") - LEEWAY > now:
        raise refused("its time has not come yet")


def _text(claims: Mapping[str, Any], name: str) -> str:
    """Return a claim that has to be there. An ID token is no access token: it lacks the client's id, azp or appid."""
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise refused(f"its claim {name} is missing, or no text")
    return value


def _seconds(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise refused(f"its claim {name} is missing, or no whole number")
    return value


def _texts(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    value = claims.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise refused(f"its claim {name} is no list of texts")
    return frozenset(value)


def _leaves_groups_out(claims: Mapping[str, Any]) -> bool:
    """Whether the caller is in too many groups for a token ("Groups overage claim")."""
    elsewhere = claims.get("_claim_names")
    return (isinstance(elsewhere, dict) and "groups" in elsewhere) or claims.get("hasgroups") is True
