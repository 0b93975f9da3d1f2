"""The settings of access. One that is missing or not valid grants nothing: Kiln stays closed, and says why.

| variable | default | meaning |
|---|---|---|
| `KILN_AUTH_AUTHORITY` | none | who signs tokens, `https://login.microsoftonline.com/<tenant id>`; unset: nobody may |
| `KILN_AUTH_AUDIENCES` | none | what tokens for Kiln are for: its registration's client id or URI, comma-separated |
| `KILN_GRANTS` | none | who has which role where; see grants.py |
| `KILN_AUTH_PRINCIPAL_HEADER` | `false` | `true` lets App Service's own word count, on apps with its authentication |
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kiln.access.grants import read_grants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kiln.access.grants import Grant

AUTHORITY = "KILN_AUTH_AUTHORITY"
AUDIENCES = "KILN_AUTH_AUDIENCES"
GRANTS = "KILN_GRANTS"
PRINCIPAL_HEADER = "KILN_AUTH_PRINCIPAL_HEADER"
PLATFORM_CHECKS = "WEBSITE_AUTH_ENABLED"
"""What App Service itself sets to `True` where its authentication is in front of the app ("Environment variables and
app settings in Azure App Service"); without it nobody takes the header away from what clients send."""
_TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Settings:
    """What was set. `problems` name settings by which nobody is let in, or nobody gets a right, and why."""

    authority: str | None = None
    audiences: frozenset[str] = frozenset()
    grants: tuple[Grant, ...] = ()
    believes_header: bool = False
    problems: tuple[str, ...] = ()

    @property
    def tenant(self) -> str:
        """The id of the authority's tenant."""
        return (self.authority or "").rsplit("/", 1)[-1]

    @staticmethod
    def read(environment: Mapping[str, str] = os.environ) -> Settings:
        """Return the settings in `environment`; what cannot be understood is left out, and named in `problems`."""
        problems: list[str] = []
        grants: tuple[Grant, ...] = ()
        try:
            grants = read_grants(environment.get(GRANTS) or "[]")
        except ValueError as error:
            problems.append(f"{GRANTS} is not valid, so it grants nothing: {error}")
        return Settings(
            authority=_authority(environment.get(AUTHORITY, ""), problems),
            audiences=_audiences(environment.get(AUDIENCES, ""), problems),
            grants=grants,
            believes_header=_is_true(environment, PRINCIPAL_HEADER) and _is_true(environment, PLATFORM_CHECKS),
            problems=tuple(problems),
        )


def _authority(text: str, problems: list[str]) -> str | None:
    """Return the authority in lower case, as its tenant's id is compared."""
    authority = text.strip().rstrip("/").lower()
    if not authority:
        problems.append(f"{AUTHORITY} is not set, so nobody can sign in")
        return None
    parts = urlsplit(authority)
    plain = parts.scheme == "https" and parts.hostname and not (parts.query or parts.fragment or parts.username)
    if not plain or not _TENANT.fullmatch(parts.path.removeprefix("/")):
        problems.append(f"{AUTHORITY} is not valid, so nobody can sign in: expected https://<host>/<tenant id>")
        return None
    return authority


def _audiences(text: str, problems: list[str]) -> frozenset[str]:
    audiences = frozenset(item.strip() for item in text.split(",") if item.strip())
    if not audiences:
        problems.append(f"{AUDIENCES} is not set, so no token can be for Kiln")
    return audiences


def _is_true(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").strip().lower() == "true"
