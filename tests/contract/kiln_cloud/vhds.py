"""A container of somebody's storage account, and requests of runs that are about to put VHDs there."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from kiln import blobs
from kiln.cloud import staging
from kiln.contracts.images import VhdRequest
from kiln.planner.staging import StorageSpec
from kiln.planner.targets import VhdTarget
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import plan_with, turned_off
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

    from kiln.ids import TemplateId


def new_container() -> ContainerClient:
    """Return a container of somebody else's storage account."""
    name = uuid.uuid4().hex[:12]
    arm.group(f"rg-vhds-{name}")
    spec = StorageSpec(
        subscription=SUBSCRIPTION,
        group=f"rg-vhds-{name}",
        location="westeurope",
        tags={},
        account=f"vhds{name}",
        log_blob="",
    )
    staging.start_storage(spec)
    endpoint = staging.create_containers(spec).endpoint
    return blobs.account(endpoint).create_container("images")


def request_for(container: ContainerClient, of: TemplateId | None = None) -> VhdRequest:
    """Return the request for `golden.vhd` there by a run whose machine is off, `of` a template, or of a new one."""
    vhd = {"type": "VHD", "runOutputName": "vhd", "uri": f"{container.url}/golden.vhd"}
    plan = turned_off(plan_with(of, distribute=[vhd]))
    target = plan.targets[0]
    assert isinstance(target, VhdTarget)
    assert plan.origin is not None
    return VhdRequest(
        run=plan.run, origin=plan.origin, storage=staging.create_containers(plan.staging.storage), target=target
    )
