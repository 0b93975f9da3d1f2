"""The api-versions of Microsoft.VirtualMachineImages that Kiln supports, and the refusal of all others.

The models say which api-version has which property (`Since`).
"""

from __future__ import annotations

from datetime import date

from kiln.errors import RequestInvalid

API_VERSIONS = ("2020-02-14", "2021-10-01", "2022-02-14", "2022-07-01", "2023-07-01", "2024-02-01", "2025-10-01")
"""The stable api-versions, oldest first (Microsoft's API definitions of Microsoft.VirtualMachineImages)."""

LATEST = API_VERSIONS[-1]


def nearest_api_version(given: str) -> str:
    """Return the supported api-version whose date is nearest to that of `given` (`2019-05-01-preview`, ...).

    Of two that are equally near it is the newer one; for a text that does not start with a date it is the latest.
    """
    try:
        wanted = date.fromisoformat(given[:10])
    except ValueError:
        return LATEST
    return min(reversed(API_VERSIONS), key=lambda known: abs(date.fromisoformat(known) - wanted))


def check_api_version(given: str) -> str:
    """Return `given` if Kiln supports it. Otherwise raises a `RequestInvalid` that names the nearest one."""
    if given in API_VERSIONS:
        return given
    what = "a preview, which Kiln does not support" if given.lower().endswith("-preview") else "not supported"
    raise RequestInvalid(
        f"The api-version {given[:40]!r} is {what}; the nearest supported one is {nearest_api_version(given)}. "
        f"The supported ones are {', '.join(API_VERSIONS)}.",
        code="InvalidApiVersionParameter",
        target="api-version",
    )
