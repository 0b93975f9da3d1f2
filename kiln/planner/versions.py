"""Chooses the version of a gallery image if the template names none: AIB's `versioning` schemes.

Rules and examples: Microsoft's image-builder-json, "Versioning"; where that is silent, ADR 0007.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kiln.template.base import GALLERY_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST = 2**31 - 1
"""A version is three 32-bit integers (Microsoft's azure-compute-gallery, "Image versions")."""

ANY_MAJOR = -1
"""The value of `major` that means any major version."""


def next_version(existing: Iterable[str], major: int | None = None) -> str:
    """Return the highest version (under `major`, if one is given) with its patch raised by one.

    If there is none yet, return the first: `1.0.0`, or `<major>.0.0`, but never `0.0.0`.
    """
    versions = [as_numbers(version) for version in existing]
    under = [version for version in versions if major in {None, version[0]}]
    if not under:
        return "0.0.1" if major == 0 else f"{1 if major is None else major}.0.0"
    first, minor, patch = max(under)
    if patch < LARGEST:
        return f"{first}.{minor}.{patch + 1}"
    return f"{first}.{minor + 1}.0"


def is_version(text: str) -> bool:
    """Whether a gallery image version can have this number."""
    return re.fullmatch(GALLERY_VERSION, text) is not None


def as_numbers(version: str) -> tuple[int, int, int]:
    """Return a version's three numbers, which order as Azure orders versions."""
    major, minor, patch = version.split(".")
    return int(major), int(minor), int(patch)
