"""Kiln's settings in this process, set for a test: Kiln reads its settings once, so they are read anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.config import config

if TYPE_CHECKING:
    import pytest


def set_settings(patch: pytest.MonkeyPatch, **settings: str | None) -> None:
    """Set each setting, or unset it (None), as long as `patch` holds."""
    for name, value in settings.items():
        if value is None:
            patch.delenv(name, raising=False)
        else:
            patch.setenv(name, value)
    config.cache_clear()
