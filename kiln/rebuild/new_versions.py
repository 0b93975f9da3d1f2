"""New and deprecated versions of a marketplace image, by comparison with those announced before. Pure.

Versions are compared as numbers.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from kiln.rebuild.source import version_order


class Deprecation(BaseModel):
    """The marketplace's notice that a version will be removed: when, and which alternative there is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scheduled: datetime | None = None
    alternative_kind: str | None = None
    alternative: str | None = None


class SeenVersion(BaseModel):
    """A version as the marketplace lists it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    deprecation: Deprecation | None = None


def new_versions(seen: tuple[SeenVersion, ...], announced: str | None) -> tuple[str, ...]:
    """Return the versions to announce, oldest first: all after `announced`, or the newest alone the first time."""
    ordered = sorted((item.version for item in seen), key=version_order)
    if announced is None:
        return tuple(ordered[-1:])
    return tuple(version for version in ordered if version_order(version) > version_order(announced))


def deprecating(
    seen: tuple[SeenVersion, ...], named: tuple[str, ...], warned: tuple[str, ...]
) -> tuple[SeenVersion, ...]:
    """Return the versions in use that are about to be removed and that no warning was sent for, oldest first.

    In use are the newest, which `latest` stands for, and those that templates have `named`.
    """
    ordered = sorted(seen, key=lambda item: version_order(item.version))
    used = {*(item.version for item in ordered[-1:]), *named} - {*warned}
    return tuple(item for item in ordered if item.version in used and item.deprecation is not None)
