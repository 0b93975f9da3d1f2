"""The settings of access, read for what they mean. One that is missing or not valid grants nothing: Kiln stays closed.

Their names and forms are kiln.config's; it owns what grants are, and what is said where nobody is let in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.access.grants import read_grants
from kiln.config import SETTINGS, BadSetting

if TYPE_CHECKING:
    from kiln.access.grants import Grant
    from kiln.config import Config

AUTHORITY = "KILN_AUTH_AUTHORITY"
AUDIENCES = "KILN_AUTH_AUDIENCES"
GRANTS = "KILN_GRANTS"
PRINCIPAL_HEADER = "KILN_AUTH_PRINCIPAL_HEADER"


@dataclass(frozen=True)
class Settings:
    """What was set. `problems` name settings by which nobody is let in, or nobody gets a right, and why."""

    authority: str | None = None
    audiences: frozenset[str] = frozenset()
    grants: tuple[Grant, ...] = ()
    believes_header: bool = False
    problems: tuple[BadSetting, ...] = ()

    @property
    def tenant(self) -> str:
        """The id of the authority's tenant."""
        return (self.authority or "").rsplit("/", 1)[-1]

    @staticmethod
    def of(config: Config) -> Settings:
        """Return what the app's settings say; what cannot be understood is left out, and named in `problems`."""
        problems = [bad for bad in config.bad if bad.name in {AUTHORITY, PRINCIPAL_HEADER}]
        if config.auth_authority is None and AUTHORITY not in {bad.name for bad in problems}:
            problems.append(BadSetting(AUTHORITY, f"{AUTHORITY} is not set, so nobody can sign in"))
        if not config.auth_audiences:
            problems.append(BadSetting(AUDIENCES, f"{AUDIENCES} is not set, so no token can be for Kiln"))
        grants: tuple[Grant, ...] = ()
        try:
            grants = read_grants(config.grants or "[]")
        except ValueError as error:
            otherwise = SETTINGS[GRANTS].mark.otherwise
            problems.append(BadSetting(GRANTS, f"{GRANTS} is not valid, {otherwise}: {error}"))
        return Settings(
            authority=config.auth_authority,
            audiences=config.auth_audiences,
            grants=grants,
            believes_header=config.auth_principal_header and config.platform_checks,
            problems=tuple(problems),
        )
