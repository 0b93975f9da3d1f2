"""Triggers read the app's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiln import config

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The least that an app needs."""
    monkeypatch.setenv("KILN_STATE_ENDPOINT", "https://state.blob.core.windows.net")
    config.config.cache_clear()
    yield
    config.config.cache_clear()
