"""Access tokens: who signed one, and whether that is somebody who may. What the token says, claims.py judges.

Only RS256 is taken, which Entra ID signs with: neither unsigned tokens nor those that are signed with a shared secret,
for which anybody could take the public key.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kiln.access.claims import Expected, caller_of, refused

if TYPE_CHECKING:
    from kiln.access.keys import Keys
    from kiln.access.principal import Caller

ALGORITHM = "RS256"


class Tokens:
    """Judges tokens by the keys of an authority. `audiences` are Kiln's names, `tenant` is an id in lower case."""

    def __init__(self, keys: Keys, audiences: frozenset[str], tenant: str) -> None:
        self._keys = keys
        self._audiences = audiences
        self._tenant = tenant

    async def caller(self, token: str, now: float) -> Caller:
        """Return whose token it is. Raises `NotAuthenticated`, or `SignInUnavailable` without any keys."""
        import jwt

        header = _header(token)
        key_id = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(key_id, str):
            raise refused("it is not signed as Entra ID signs")
        published = await self._keys.published(key_id)
        key = published.key(key_id)
        if key is None:
            raise refused("nobody who may sign tokens has that key")
        try:
            payload = jwt.PyJWS().decode(token, key, algorithms=[ALGORITHM])
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise refused("its signature is wrong") from error
        claims = _claims(payload)
        if key_id not in published.keys.get(str(claims.get("iss")), {}):
            raise refused("its issuer has no such key", "InvalidAuthenticationTokenTenant")
        return caller_of(claims, self._expected(published.issuers), now)

    async def caller_of(self, claims: dict[str, Any], now: float) -> Caller:
        """Return whom claims speak of whose signature somebody else has checked. Raises as `caller` does."""
        published = await self._keys.published()
        return caller_of(claims, self._expected(published.issuers), now)

    def _expected(self, issuers: frozenset[str]) -> Expected:
        return Expected(issuers=issuers, audiences=self._audiences, tenant=self._tenant)


def _header(token: str) -> dict[str, Any]:
    import jwt

    if not token.isascii():  # nor is it of bytes that could be signed
        raise refused("it is no JSON Web Token")
    try:
        return dict(jwt.get_unverified_header(token))
    except (jwt.PyJWTError, ValueError, RecursionError) as error:  # the library looks into JSON of anybody's making
        raise refused("it is no JSON Web Token") from error


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise refused("its claims are not JSON") from error
    if not isinstance(claims, dict):
        raise refused("its claims are no object")
    return claims
