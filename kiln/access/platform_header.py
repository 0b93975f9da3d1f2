"""Read App Service's header X-MS-CLIENT-PRINCIPAL, which names the caller, into the claims of a token. Pure.

It owns the header's form ("Work with user identities in Azure App Service authentication"). settings.py decides whether
the header is trusted: without App Service authentication in front of the app any client can send it.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from kiln.access.claims import refused

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER = "X-MS-CLIENT-PRINCIPAL"
_MAPPED = {
    "http://schemas.microsoft.com/identity/claims/objectidentifier": "oid",
    "http://schemas.microsoft.com/identity/claims/tenantid": "tid",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/role": "roles",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": "unique_name",
}
"""The names that App Service's default mapping gives to claims, and their names in tokens."""
_LISTS = {"roles", "groups"}
_NUMBERS = {"exp", "nbf"}
_JUDGED = {"iss", "aud", "tid", "oid", "azp", "appid", "exp", "nbf"}


def claims_of(header: str) -> dict[str, Any]:
    """Return the claims in the header's value. Raises `NotAuthenticated`."""
    try:
        principal = json.loads(base64.b64decode(header, validate=True))
        pairs = [(str(claim["typ"]), str(claim["val"])) for claim in principal["claims"]]
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise refused(f"{HEADER} cannot be read") from error
    return _gathered(pairs)


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return claims by name. A claim that is judged may occur only once; a list comes as one claim for each entry."""
    claims: dict[str, Any] = {}
    for given, value in pairs:
        name = _MAPPED.get(given, given)
        if name in _LISTS:
            claims.setdefault(name, []).append(value)
        elif name in _JUDGED and name in claims:
            raise refused(f"{HEADER} has the claim {name} twice")
        else:
            claims[name] = _value(name, value)
    return claims


def _value(name: str, value: str) -> Any:
    if name in _NUMBERS:
        return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else value  # noqa: PLR2004 - a time
    if name == "_claim_names":
        return {"groups": value} if '"groups"' in value else {}
    if name == "hasgroups":
        return value.lower() == "true"
    return value
