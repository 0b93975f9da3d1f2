"""Kiln's own settings and clients, on the local Azure: read and made anew for a module, and closed after it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from tests.flows.local_azure.kiln import Kiln
from tests.own_clients import own_clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devkit.local.in_process import InProcessAzure


@pytest.fixture(scope="module", autouse=True)
def _settings(local_azure: InProcessAzure) -> Iterator[None]:
    with own_clients(local_azure.environment()):
        yield


@pytest.fixture(autouse=True)
def _own_rules(local_azure: InProcessAzure) -> Iterator[None]:
    """Let a test's rules of scripted machines, and its faults of Azure, end with it."""
    before = list(local_azure.guests.rules)
    yield
    local_azure.guests.rules[:] = before
    local_azure.clear_faults()


@pytest.fixture
def kiln(local_azure: InProcessAzure) -> Callable[..., Kiln]:
    """Return a function that makes a new template."""
    return functools.partial(Kiln, local_azure)
