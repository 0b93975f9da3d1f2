"""The gate: who asks, by token or by App Service's word, and whether he may do that there.

It owns the order of these questions and the words of a refusal; HTTP's statuses belong to triggers/.
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

    from kiln.access.principal import Caller

log = logging.getLogger("kiln.access")


class Gate:
    """Lets callers in by `settings`. `keys` are those of the settings' authority."""

    def __init__(self, settings: Settings, keys: Keys | None = None) -> None:
        self._settings = settings
        self._rights = Rights(settings.grants)
        self._tokens: Tokens | None = None
        if settings.authority is not None and settings.audiences:
            self._tokens = Tokens(keys or Keys(settings.authority), settings.audiences, settings.tenant)

    def challenge(self, error: NotAuthenticated) -> str:
        """Return the value of WWW-Authenticate: where to get a token, and whether the one that came is not good.

        RFC 6750 has its form, Azure's services `authorization_uri`.
        """
        authority = self._settings.authority
        words = [f'authorization_uri="{authority}"'] if authority else []
        if error.detail.code != NotAuthenticated.code:
            words.append('error="invalid_token"')
        return f"Bearer {', '.join(words)}".strip()

    async def caller(self, headers: Mapping[str, str], now: float) -> Caller:
        """Return who sends these headers (looked up in any case) at `now` (Unix seconds).

        A token counts before App Service's word. Raises `NotAuthenticated` or `SignInUnavailable`.
        """
        if self._tokens is None:
            raise NotAuthenticated("Nobody can sign in: this Kiln is not configured for it.", hint="Its log says more.")
        if authorization := headers.get("Authorization"):
            return await self._tokens.caller(_bearer(authorization), now)
        principal = headers.get(platform_header.HEADER) if self._settings.believes_header else None
        if principal:
            return await self._tokens.caller_of(platform_header.claims_of(principal), now)
        raise NotAuthenticated("Authentication failed: the request has no Authorization header.")

    def may(self, caller: Caller, action: str, place: str) -> bool:
        """Whether the caller may do it at `place` (an ARM id, `/` for the tenant) and below."""
        return self._rights.covers(caller, action, place)

    def check(self, caller: Caller, action: str, place: str, *, partly: bool = False) -> None:
        """Raise `NotAuthorized` unless the caller may do it at `place`, or (`partly`) at least somewhere in it."""
        judge = self._rights.meets if partly else self._rights.covers
        if not judge(caller, action, place):
            raise NotAuthorized(
                f"The client '{caller.name}' with object id '{caller.object_id}' does not have authorization to "
                f"perform action '{PROVIDER}/{action}' over scope '{place}'.",
                target=place,
                hint=self._hint(caller),
            )

    def _hint(self, caller: Caller) -> str:
        """Say what could give the right, and what keeps rights from being seen."""
        words = [f"An app role of Kiln's registration or a grant in {GRANTS} can give it."]
        if caller.groups_left_out:
            words.append(
                "You are in too many groups for a token to name, so none of them counts: grant it to yourself."
            )
        if any(problem.name == GRANTS for problem in self._settings.problems):
            words.append(f"The setting {GRANTS} is not valid, so it grants nothing now; the app's log says why.")
        return " ".join(words)


@functools.cache
def gate() -> Gate:
    """Return this process's gate, by its settings; what is wrong with those is logged once."""
    settings = Settings.of(config())
    for problem in settings.problems:
        log.error("%s", problem.message)
    return Gate(settings)


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("Authentication failed: the Authorization header has no bearer token.")
    return token.strip()
