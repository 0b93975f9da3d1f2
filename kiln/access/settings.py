"""The access settings of this process: authority, audiences, grants and reach, made of the texts in kiln.config.

A setting that is missing or not valid grants nothing: Kiln stays closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.access.grants import read_grants
from kiln.access.reach import Reach
from kiln.config import SETTINGS, BadSetting, config

if TYPE_CHECKING:
    from kiln.access.grants import Grant
    from kiln.config import Config

AUTHORITY = "KILN_AUTH_AUTHORITY"
AUDIENCES = "KILN_AUTH_AUDIENCES"
GRANTS = "KILN_GRANTS"
PRINCIPAL_HEADER = "KILN_AUTH_PRINCIPAL_HEADER"


@dataclass(frozen=True)
class Settings:
    """The settings that decide who is let in. `problems` says which let in nobody, or grant nothing, and why."""

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
        """Return the access settings in `config`; a value that is not valid is left out, and named in `problems`."""
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


def configured_reach() -> Reach:
    """Return this process's reach. No template may name Kiln's own storage, which holds all templates and runs."""
    return Reach.read(config().reach, never=(config().state_endpoint,))
