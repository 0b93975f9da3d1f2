"""A host that serves the sample app, shared by the tests of one module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.unit.devkit.host.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.host.server import Host


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A running host in this process."""
    with serving(tmp_path_factory.mktemp("host") / "state.db") as running:
        yield running


@pytest.fixture
def http(host: Host) -> Iterator[httpx.Client]:
    """A client of the running host."""
    with httpx.Client(base_url=host.address, timeout=30) as client:
        yield client
