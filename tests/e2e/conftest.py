"""One app for the tests of a module; each test gives its template a name of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.e2e.app import KilnApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.local.in_process import InProcessAzure


@pytest.fixture
def app(local_azure: InProcessAzure, tmp_path: Path) -> Iterator[KilnApp]:
    """Kiln's app on a host of its own, with an empty state."""
    with KilnApp(local_azure, tmp_path, f"state{uuid.uuid4().hex[:12]}") as running:
        yield running
