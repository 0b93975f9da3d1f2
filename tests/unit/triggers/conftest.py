"""The app's settings for tests of triggers."""

from __future__ import annotations

import pytest

from tests.app_settings import set_settings


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the least that an app needs."""
    set_settings(monkeypatch, KILN_STATE_ENDPOINT="https://state.blob.core.windows.net")
