"""Kiln's Azure side in this process, pointed at the local Azure as the app is: by its environment."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from kiln.cloud import groups, staging
from kiln.planner.staging import GroupSpec, StorageSpec
from tests.own_clients import own_clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure
    from kiln.contracts.staging import StagedStorage

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


@pytest.fixture(autouse=True)
def settings(azure_environment: InProcessAzure) -> Iterator[InProcessAzure]:
    """The app's settings and clients, which a process reads once, read anew for each test."""
    with own_clients():
        yield azure_environment


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
