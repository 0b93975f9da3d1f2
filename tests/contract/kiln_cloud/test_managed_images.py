from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from kiln.cloud import clients, gallery, managed_images, origins, snapshots
from kiln.errors import ImageTaken
from kiln.ids import name_of, part_of
from kiln.planner.targets import GalleryTarget, ManagedImageTarget
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import done, plan_with, turned_off
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION
from tests.waiting import until

if TYPE_CHECKING:
    from azure.mgmt.compute.models import Image

    from kiln.planner.plan import Plan
    from kiln.planner.targets import OriginSpec

IMAGES = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/images"


def image_to(location: str = "westeurope", image_id: str = "") -> dict[str, Any]:
    return {
        "type": "ManagedImage",
        "runOutputName": "image",
        "imageId": image_id or f"{IMAGES}/{uuid.uuid4().hex[:10]}",
        "location": location,
    }


def parts(plan: Plan) -> tuple[OriginSpec, ManagedImageTarget]:
    target = plan.targets[0]
    assert isinstance(target, ManagedImageTarget)
    assert plan.origin is not None
    return plan.origin, target


def found(target: ManagedImageTarget) -> Image:
    return clients.compute(SUBSCRIPTION).images.get(
        part_of(target.image_id, "resourceGroups"), name_of(target.image_id), api_version=clients.COMPUTE
    )


def test_in_the_builds_region_an_image_is_made_of_the_machine() -> None:
    plan = turned_off(plan_with(distribute=[image_to()], additionalDataDisks=[{"sizeGB": 8}]))
    origin, target = parts(plan)

    done(managed_images.start_image(origin, target))

    image = found(target)
    assert image.source_virtual_machine is not None
    assert image.storage_profile is not None
    assert [disk.lun for disk in image.storage_profile.data_disks or []] == [0]
    assert (image.hyper_v_generation, (image.tags or {})["kilnRun"]) == ("V2", plan.run.run_id)


def test_in_another_region_an_image_is_made_of_copies_of_all_disks() -> None:
    plan = turned_off(plan_with(distribute=[image_to("northeurope")], additionalDataDisks=[{"sizeGB": 8}]))
    origin, target = parts(plan)

    for copy in snapshots.copies(origin, target):
        done(snapshots.start_snapshot(origin, copy))
        done(snapshots.start_copy(origin, target, copy))
    until(lambda: snapshots.copies_progress(origin, target).done)
    done(managed_images.start_image(origin, target))

    image = found(target)
    assert image.location == "northeurope"
    assert image.storage_profile is not None
    assert [disk.lun for disk in image.storage_profile.data_disks or []] == [0]
    assert image.storage_profile.os_disk is not None
    assert image.storage_profile.os_disk.snapshot is not None
    assert str(image.storage_profile.os_disk.snapshot.id).lower() == str(target.copy_id).lower()
    assert image.storage_profile.os_disk.os_state == "Generalized"


def test_an_image_of_somebody_else_is_left_alone() -> None:
    plan = turned_off(plan_with(distribute=[image_to()]))
    origin, target = parts(plan)
    arm.managed_image(target.image_id, {"sourceVirtualMachine": {"id": origin.machine}}, owner="somebody")

    with pytest.raises(ImageTaken, match="exists already, and this template did not make it") as caught:
        managed_images.start_image(origin, target)
    assert caught.value.detail.code == "ManagedImageTaken"
    assert (found(target).tags or {}) == {"owner": "somebody"}


def test_a_retry_makes_a_disk_of_the_earlier_runs_version_and_an_image_of_that() -> None:
    group = arm.group(f"rg-gallery-{uuid.uuid4().hex[:8]}")
    definition = f"{group}/providers/Microsoft.Compute/galleries/mine/images/app"
    arm.definition(definition)
    shared = {"type": "SharedImage", "runOutputName": "gallery", "galleryImageId": definition}
    plan = turned_off(plan_with(distribute=[shared]))
    version = plan.targets[0]
    assert isinstance(version, GalleryTarget)
    version = version.numbered("1.0.0")
    assert plan.origin is not None
    done(gallery.start_version(plan.origin, version))
    _, target = parts(plan_with(distribute=[image_to()]))
    origin = plan.origin.model_copy(
        update={"machine": None, "version": version.version_id, "disk": f"{plan.origin.disk}-again", "data_disks": ()}
    )

    done(origins.start_disk(origin))
    done(managed_images.start_image(origin, target))

    image = found(target)
    assert image.storage_profile is not None
    assert image.storage_profile.os_disk is not None
    assert image.storage_profile.os_disk.managed_disk is not None
    assert str(image.storage_profile.os_disk.managed_disk.id).lower() == origin.disk.lower()
