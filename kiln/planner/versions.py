"""Which version a gallery image gets when the template names none: AIB's `Latest` scheme."""

from __future__ import annotations

FIRST_VERSION = "1.0.0"
"""For a definition without versions; AIB documents no rule for it."""


def next_version(existing: tuple[str, ...]) -> str:
    """Return the highest version with its patch raised by one (Microsoft's image-builder-json, `versioning`)."""
    if not existing:
        return FIRST_VERSION
    major, minor, patch = max(tuple(int(part) for part in version.split(".")) for version in existing)
    return f"{major}.{minor}.{patch + 1}"
