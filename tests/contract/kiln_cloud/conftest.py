"""Kiln's Azure side in this process, pointed at the local Azure as the app is: by its environment."""

from __future__ import annotations

import functools
import inspect
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from kiln import blobs, config
from kiln.cloud import clients, downloads, groups, staging
from kiln.planner.staging import GroupSpec, StorageSpec
from kiln.runs.documents import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devkit.local.in_process import InProcessAzure
    from kiln.messages import StagedStorage

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
CACHED: tuple[Any, ...] = (config.config, config.credential, documents)


@pytest.fixture(autouse=True)
def settings(azure_environment: InProcessAzure, monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcessAzure]:
    """Settings and clients are read once for a process; each test reads its own."""
    opened: list[Any] = []
    for name in ("resources", "network", "storage", "compute"):
        monkeypatch.setattr(clients, name, remembering(getattr(clients, name), opened))
    monkeypatch.setattr(blobs, "account", remembering(blobs.account, opened))
    monkeypatch.setattr(downloads, "identity_credential", remembering(config.identity_credential, opened))
    for cached in CACHED:
        cached.cache_clear()
    yield azure_environment
    for client in (*opened, config.credential()):
        client.close()
    for cached in CACHED:
        cached.cache_clear()


def remembering(make: Callable[[str], Any], opened: list[Any]) -> Callable[[str], Any]:
    """Return `make`, cached anew, with what it makes kept in `opened` to be closed."""

    @functools.cache
    def made(key: str) -> Any:
        client = inspect.unwrap(make)(key)
        opened.append(client)
        return client

    return made


@pytest.fixture
def storage() -> StagedStorage:
    """A staging storage account with its containers."""
    name = uuid.uuid4().hex[:12]
    group = f"rg-cloud-{name}"
    groups.create(GroupSpec(subscription=SUBSCRIPTION, name=group, location="westeurope", tags={}))
    spec = StorageSpec(
        subscription=SUBSCRIPTION,
        group=group,
        location="westeurope",
        tags={},
        account=f"cloud{name}",
        log_blob="run/customization.log",
    )
    staging.start_storage(spec)
    return staging.create_containers(spec)
