"""The gate: identifies a caller by token or by App Service's header, and checks that the action is allowed.

It owns the order of these checks and the text of a refusal; HTTP statuses belong to triggers/.
"""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from kiln.access import platform_header
from kiln.access.grants import Rights
from kiln.access.keys import Keys
from kiln.access.settings import GRANTS, Settings
from kiln.access.tokens import Tokens
from kiln.config import config
from kiln.errors import NotAuthenticated, NotAuthorized
from kiln.ids import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiln.access.claims import Caller

log = logging.getLogger("kiln.access")


class Gate:
    """Lets callers in according to `settings`. `keys` are those of the settings' authority."""

    def __init__(self, settings: Settings, keys: Keys | None = None) -> None:
        self._settings = settings
        self._rights = Rights(settings.grants)
        self._tokens: Tokens | None = None
        if settings.authority is not None and settings.audiences:
            self._tokens = Tokens(keys or Keys(settings.authority), settings.audiences, settings.tenant)

    def challenge(self, error: NotAuthenticated) -> str:
        """Return the header WWW-Authenticate: where to get a token, and whether the request's token is bad.

        Its form is RFC 6750's; `authorization_uri` is what Azure's services add.
        """
        authority = self._settings.authority
        words = [f'authorization_uri="{authority}"'] if authority else []
        if error.detail.code != NotAuthenticated.code:
            words.append('error="invalid_token"')
        return f"Bearer {', '.join(words)}".strip()

    async def caller(self, headers: Mapping[str, str], now: float) -> Caller:
        """Return the caller who sends these headers (names in any case) at `now` (Unix seconds).

        A token takes precedence over App Service's header. Raises `NotAuthenticated` or `SignInUnavailable`.
        """
        if self._tokens is None:
            raise NotAuthenticated(
                "Nobody can sign in: this Kiln is not configured for sign-in.",
                hint="The app's log says what is missing.",
            )
        if authorization := headers.get("Authorization"):
            return await self._tokens.caller(_bearer(authorization), now)
        principal = headers.get(platform_header.HEADER) if self._settings.believes_header else None
        if principal:
            return await self._tokens.caller_of(platform_header.claims_of(principal), now)
        raise NotAuthenticated("Authentication failed: the request has no Authorization header.")

    def may(self, caller: Caller, action: str, scope: str) -> bool:
        """Whether the caller is allowed the action at `scope` (an ARM id, `/` for the tenant) and below."""
        return self._rights.covers(caller, action, scope)

    def check(self, caller: Caller, action: str, scope: str, *, partly: bool = False) -> None:
        """Raise `NotAuthorized` unless the caller is allowed the action at `scope`, or (`partly`) somewhere in it."""
        judge = self._rights.meets if partly else self._rights.covers
        if not judge(caller, action, scope):
            raise NotAuthorized(
                f"The client '{caller.name}' with object id '{caller.object_id}' does not have authorization to "
                f"perform action '{PROVIDER}/{action}' over scope '{scope}'.",
                target=scope,
                hint=self._hint(caller),
            )

    def _hint(self, caller: Caller) -> str:
        """Return how the caller can get the permission, and what keeps a grant from counting."""
        words = [f"An app role of Kiln's registration or a grant in {GRANTS} can give this permission."]
        if caller.groups_left_out:
            words.append(
                "You are in more groups than a token can list, so grants to groups do not count for you: ask for a "
                "grant to yourself."
            )
        if any(problem.name == GRANTS for problem in self._settings.problems):
            words.append(f"The setting {GRANTS} is not valid, so it grants nothing; the app's log says why.")
        return " ".join(words)


@functools.cache
def gate() -> Gate:
    """Return this process's gate, made of its settings; problems of the settings are logged once."""
    settings = Settings.of(config())
    for problem in settings.problems:
        log.error("%s", problem.message)
    return Gate(settings)


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("Authentication failed: the Authorization header has no bearer token.")
    return token.strip()
