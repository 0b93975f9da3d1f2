"""One app for the tests of a module; each test gives its template a name of its own."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from tests.e2e.app import KilnApp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure


@pytest.fixture(scope="module")
def app(local_azure: InProcessAzure, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KilnApp]:
    """Kiln's app on a new host, with a new state."""
    with KilnApp(local_azure, tmp_path_factory.mktemp("app"), f"state{uuid.uuid4().hex[:12]}") as running:
        yield running
