from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from kiln.cloud import clients, gallery, machines
from kiln.errors import AzureFailed, TargetNotFound, VersionTaken
from kiln.planner.targets import GalleryTarget, OriginSpec
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import machine_of, plan_with, turned_off
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION
from tests.waiting import until

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure
    from kiln.planner.plan import Plan

GALLERY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/gallery"


def own_definition() -> str:
    group = arm.group(f"rg-gallery-{uuid.uuid4().hex[:8]}")
    image_id = f"{group}/providers/Microsoft.Compute/galleries/mine/images/app"
    arm.definition(image_id)
    return image_id


def shared(image_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "SharedImage", "runOutputName": "image", "galleryImageId": image_id, **more}


def target_of(plan: Plan) -> GalleryTarget:
    target = plan.targets[0]
    assert isinstance(target, GalleryTarget)
    return target.numbered("1.0.0") if target.is_next else target


def published(plan: Plan, origin: OriginSpec | None = None) -> str:
    """Publish the plan's version and return its request."""
    target, made_of = target_of(plan), origin or plan.origin
    assert made_of is not None
    gallery.start_version(made_of, target)
    found = clients.compute(SUBSCRIPTION).gallery_image_versions.get(
        *gallery.names(target.image_id), target.version, api_version=arm.GALLERIES
    )
    assert found.properties is not None
    source = found.properties.storage_profile.source
    assert source is not None
    return str(source.virtual_machine_id or source.id)


def test_a_definition_says_where_it_is_and_what_it_takes() -> None:
    windows, arm64 = gallery.definition(f"{GALLERY}/images/win"), gallery.definition(f"{GALLERY}/images/arm")
    trusted, old = gallery.definition(f"{GALLERY}/images/trusted"), gallery.definition(f"{GALLERY}/images/gen1")

    assert (windows.location, windows.os, windows.generation) == ("westeurope", "Windows", "V2")
    assert (arm64.architecture, old.generation) == ("Arm64", "V1")
    assert (trusted.security, windows.security) == ("TrustedLaunchSupported", "Standard")
    assert windows.os_state == "Generalized"


def test_a_definition_that_is_not_there_is_named_with_what_to_do() -> None:
    with pytest.raises(TargetNotFound, match="az sig image-definition create"):
        gallery.definition(f"{GALLERY}/images/no-such-image")


def test_a_version_is_made_of_the_machine_and_seen_among_the_definitions() -> None:
    image_id = own_definition()
    plan = turned_off(plan_with(distribute=[shared(image_id)]))

    assert published(plan).lower() == machines.machine_id(machine_of(plan)).lower()
    assert gallery.versions(image_id) == ("1.0.0",)
    assert gallery.version_exists(f"{image_id}/versions/1.0.0", target_of(plan).mark)
    assert not gallery.version_exists(f"{image_id}/versions/1.0.0", "another's")
    assert not gallery.version_exists(f"{image_id}/versions/2.0.0", target_of(plan).mark)


def test_a_version_of_somebody_else_is_not_overwritten() -> None:
    image_id = own_definition()
    plan = turned_off(plan_with(distribute=[shared(f"{image_id}/versions/1.2.3")]))
    published(plan)

    gallery.refuse_taken(target_of(plan))  # its own is none of somebody else
    other = plan_with(distribute=[shared(f"{image_id}/versions/1.2.3")])
    with pytest.raises(VersionTaken, match=r"versions/1\.2\.3 exists already"):
        gallery.refuse_taken(target_of(other))


def test_a_version_that_differs_from_another_in_leading_zeros_alone_is_not_made() -> None:
    image_id = own_definition()
    plan = turned_off(plan_with(distribute=[shared(f"{image_id}/versions/24.04.202510010")]))
    published(plan)
    assert gallery.versions(image_id) == ("24.04.202510010",)
    gallery.refuse_taken(target_of(plan))

    other = plan_with(distribute=[shared(f"{image_id}/versions/24.4.202510010")])
    with pytest.raises(VersionTaken, match=r"the same number as the version 24\.04\.202510010, which exists"):
        gallery.refuse_taken(target_of(other))
    gallery.refuse_taken(target_of(plan_with(distribute=[shared(f"{image_id}/versions/24.4.202510011")])))


def test_a_version_can_be_made_of_another_version() -> None:
    first, second = own_definition(), own_definition()
    plan = turned_off(plan_with(distribute=[shared(first)]))
    published(plan)
    origin = plan.origin
    assert origin is not None
    retried = plan_with(distribute=[shared(second)])
    made = origin.model_copy(update={"machine": None, "version": f"{first}/versions/1.0.0"})

    assert published(retried, made) == f"{first}/versions/1.0.0"


def test_a_shallow_version_is_one_in_azure_as_well() -> None:
    plan = turned_off(plan_with(distribute=[shared(own_definition(), replicationMode="Shallow")]))
    published(plan)
    target = target_of(plan)

    found = clients.compute(SUBSCRIPTION).gallery_image_versions.get(
        *gallery.names(target.image_id), target.version, api_version=arm.GALLERIES
    )

    assert found.properties is not None
    assert found.properties.publishing_profile is not None
    assert found.properties.publishing_profile.replication_mode == "Shallow"


def test_regions_are_done_one_by_one() -> None:
    regions = [{"name": "westeurope"}, {"name": "northeurope"}]
    plan = turned_off(plan_with(distribute=[shared(own_definition(), targetRegions=regions)]))
    published(plan)
    target, origin = target_of(plan), plan.origin
    assert origin is not None

    assert gallery.region_progress(target.version_id, target.mark, "westeurope").done
    assert gallery.region_progress(target.version_id, target.mark, "northeurope").note == "northeurope waiting"
    gallery.start_replication(target)
    assert gallery.region_progress(target.version_id, target.mark, "northeurope").done


def test_an_update_that_fails_before_it_has_a_region_says_why_in_azures_words(settings: InProcessAzure) -> None:
    plan = turned_off(
        plan_with(
            distribute=[shared(own_definition(), targetRegions=[{"name": "westeurope"}, {"name": "northeurope"}])]
        )
    )
    published(plan)
    target = target_of(plan)
    cause = {"code": "RegionIsFull", "message": "no room in northeurope"}
    failed = {"code": "InternalOperationError", "message": "look into the details", "details": [cause]}
    with settings.faults({"method": "PATCH", "path": "*/versions/*", "operation": "Failed", **failed}):
        operation = gallery.start_replication(target)
    until(lambda: has_failed(target))

    with pytest.raises(AzureFailed, match="no room in northeurope") as caught:
        gallery.region_progress(target.version_id, target.mark, "northeurope", operation)
    assert caught.value.detail.hint == gallery.REPLICATION_HINT
    with pytest.raises(AzureFailed, match="the update failed before the version had the region"):
        gallery.region_progress(target.version_id, target.mark, "northeurope")


def has_failed(target: GalleryTarget) -> bool:
    found = clients.compute(SUBSCRIPTION).gallery_image_versions.get(
        *gallery.names(target.image_id), target.version, api_version=arm.GALLERIES
    )
    return found.properties is not None and found.properties.provisioning_state == "Failed"
