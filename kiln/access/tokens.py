"""Check the signatures of access tokens: each must be signed by one of the authority's keys. claims.py judges claims.

Only RS256 is accepted, the algorithm of Entra ID. Unsigned tokens are refused, and so are those signed with a shared
secret, since anybody could use the public key as that secret.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kiln.access.claims import Expected, caller_of, refused

if TYPE_CHECKING:
    from kiln.access.claims import Caller
    from kiln.access.keys import Keys

ALGORITHM = "RS256"


class Tokens:
    """Checks tokens with the keys of an authority. `audiences` are Kiln's names, `tenant` is an id in lower case."""

    def __init__(self, keys: Keys, audiences: frozenset[str], tenant: str) -> None:
        self._keys = keys
        self._audiences = audiences
        self._tenant = tenant

    async def caller(self, token: str, now: float) -> Caller:
        """Return the caller that the token names. Raises `NotAuthenticated`, or `SignInUnavailable` without keys."""
        import jwt

        header = _header(token)
        key_id = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(key_id, str):
            raise refused("it is not signed in the way of Entra ID")
        published = await self._keys.published(key_id)
        key = published.key(key_id)
        if key is None:
            raise refused("it is signed with an unknown key")
        try:
            payload = jwt.PyJWS().decode(token, key, algorithms=[ALGORITHM])
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise refused("its signature is wrong") from error
        claims = _claims(payload)
        if key_id not in published.keys.get(str(claims.get("iss")), {}):
            raise refused("its issuer has no such key", "InvalidAuthenticationTokenTenant")
        return caller_of(claims, self._expected(published.issuers), now)

    async def caller_of(self, claims: dict[str, Any], now: float) -> Caller:
        """Return the caller that `claims` name; their signature has been checked already. Raises as `caller` does."""
        published = await self._keys.published()
        return caller_of(claims, self._expected(published.issuers), now)

    def _expected(self, issuers: frozenset[str]) -> Expected:
        return Expected(issuers=issuers, audiences=self._audiences, tenant=self._tenant)


def _header(token: str) -> dict[str, Any]:
    import jwt

    if not token.isascii():
        raise refused("it is not a JSON Web Token")
    try:
        return dict(jwt.get_unverified_header(token))
    except (jwt.PyJWTError, ValueError, RecursionError) as error:  # the library parses JSON from anybody
        raise refused("it is not a JSON Web Token") from error


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise refused("its claims are not JSON") from error
    if not isinstance(claims, dict):
        raise refused("its claims are not an object")
    return claims
