"""Marks of resources of every kind in a ledger: a resource of another owner survives, and its entry is forgotten."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Any, get_args

import pytest

from activities import capture, clean_up, images, provision, validate
from kiln import blobs
from kiln.cloud import clients, exports, groups, machines, marks, snapshots, staging, validation_image
from kiln.contracts.clean_up import CloseRequest, DeleteRequest
from kiln.contracts.images import GalleryRequest, ImageRequest, OriginRequest, VhdRequest
from kiln.contracts.machines import ProvisionRequest
from kiln.contracts.validation import ValidationImageRequest
from kiln.errors import AzureFailed, AzureNotFound, MadeByAnother
from kiln.ids import resource_id
from kiln.planner.staging import GroupSpec
from kiln.planner.targets import GalleryTarget, ManagedImageTarget, VhdTarget
from kiln.runs.ledger import EntryKind, LedgerEntry
from kiln.runs.tags import MARK_TAG
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import done, machine_of, plan_with, stage, start_machine, turned_off
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.local.in_process import InProcessAzure
    from kiln.planner.plan import Plan, ValidationImageSpec

pytestmark = pytest.mark.usefixtures("settings")
KINDS: tuple[EntryKind, ...] = get_args(EntryKind)
ANOTHERS = {MARK_TAG: "0123456789abcdef-20261128-101112-1a2b3c4d"}
TAGS = {MARK_TAG: "fedcba9876543210-20261128-101112-1a2b3c4d"}


def new_group() -> str:
    """Make a resource group and return its name."""
    name = f"rg-whose-{uuid.uuid4().hex[:8]}"
    arm.group(name, tags=TAGS)
    return name


def tagged(plan: Plan) -> Plan:
    """Return the plan with all that it stands on carrying a mark, as its machine does."""
    parts = plan.staging.model_dump()
    for part in ("group", "network", "storage"):
        parts[part]["tags"] = TAGS
    return plan.model_copy(update={"staging": type(plan.staging).model_validate(parts)})


def a_vm() -> str:
    plan = plan_with()
    stage(plan)
    start_machine(machine_of(plan))
    return machines.machine_id(machine_of(plan))


def a_nic() -> str:
    plan = plan_with()
    stage(plan)
    done(machines.start_interface(machine_of(plan)))
    return machines.interface_id(machine_of(plan))


def a_disk() -> str:
    group = new_group()
    creation = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}
    body: Any = {"location": "westeurope", "tags": TAGS, "properties": creation}
    clients.compute(SUBSCRIPTION).disks.begin_create_or_update(
        group, "disk", body, api_version=clients.DISKS, **arm.SOON
    ).result()
    return resource_id(SUBSCRIPTION, group, "Microsoft.Compute/disks", "disk")


def an_open_disk() -> str:
    request = vhd_request()
    exports.open_disk(request.origin.disk)
    return request.origin.disk


def a_snapshot() -> str:
    request = image_request("northeurope")
    copy = snapshots.copies(request.origin, request.target)[0]
    done(snapshots.start_snapshot(request.origin, copy))
    return copy.snapshot


def an_image() -> str:
    request = image_request("westeurope")
    arm.managed_image(request.target.image_id, {"sourceVirtualMachine": {"id": request.origin.machine}}, **TAGS)
    return request.target.image_id


def a_version() -> str:
    request = gallery_request()
    done(capture.start_version(request))
    return request.target.version_id


def a_gallery() -> str:
    image = validation_spec()
    groups.create(GroupSpec(subscription=SUBSCRIPTION, name=image.group, location=image.location, tags={}))
    done(validation_image.start_gallery(image))
    return validation_image.gallery_id(image)


def a_definition() -> str:
    image = validation_spec()
    groups.create(GroupSpec(subscription=SUBSCRIPTION, name=image.group, location=image.location, tags={}))
    done(validation_image.start_gallery(image))
    done(validation_image.start_definition(image))
    return validation_image.definition_id(image)


def a_vhd() -> str:
    endpoint = stage(plan_with()).endpoint
    blob = blobs.account(endpoint).get_blob_client(staging.VHDS, "golden.vhd")
    blob.upload_blob(b"theirs", metadata=TAGS)
    return str(blob.url)


def a_network() -> str:
    plan = tagged(plan_with())
    stage(plan)
    network = plan.staging.network
    return resource_id(SUBSCRIPTION, network.group, "Microsoft.Network/virtualNetworks", str(network.network))


def a_security_group() -> str:
    network = tagged(plan_with()).staging.network
    arm.group(network.group)
    done(staging.start_security_group(network))
    return resource_id(SUBSCRIPTION, network.group, "Microsoft.Network/networkSecurityGroups", network.security_group)


def an_account() -> str:
    plan = tagged(plan_with())
    stage(plan)
    storage = plan.staging.storage
    return resource_id(SUBSCRIPTION, storage.group, "Microsoft.Storage/storageAccounts", storage.account)


def a_group() -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{new_group()}"


def a_marked_group() -> str:
    name = f"rg-whose-{uuid.uuid4().hex[:8]}"
    return arm.group(name, tags={"usedBy": "/subscriptions/s/template", "kilnInstallation": "a-kiln"})


MAKERS: dict[EntryKind, Callable[[], str]] = {
    "vm": a_vm,
    "nic": a_nic,
    "disk": a_disk,
    "disk-access": an_open_disk,
    "snapshot": a_snapshot,
    "image": an_image,
    "gallery-version": a_version,
    "gallery": a_gallery,
    "gallery-image": a_definition,
    "vhd": a_vhd,
    "network": a_network,
    "security-group": a_security_group,
    "storage-account": an_account,
    "resource-group": a_group,
    "group-mark": a_marked_group,
}
"""Functions that make a resource of each kind and return its id."""


def image_request(location: str) -> ImageRequest:
    image_id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/images"
    image = {"type": "ManagedImage", "runOutputName": "image", "location": location}
    plan = turned_off(plan_with(distribute=[{**image, "imageId": f"{image_id}/{uuid.uuid4().hex[:8]}"}]))
    target = plan.targets[0]
    assert isinstance(target, ManagedImageTarget)
    assert plan.origin is not None
    return ImageRequest(run=plan.run, origin=plan.origin, target=target)


def gallery_request() -> GalleryRequest:
    definition = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{new_group()}/providers/Microsoft.Compute"
    definition = f"{definition}/galleries/mine/images/app"
    arm.definition(definition)
    plan = turned_off(
        plan_with(distribute=[{"type": "SharedImage", "runOutputName": "image", "galleryImageId": definition}])
    )
    target = plan.targets[0]
    assert isinstance(target, GalleryTarget)
    assert plan.origin is not None
    return GalleryRequest(run=plan.run, origin=plan.origin, target=target.numbered("1.0.0"))


def validation_spec() -> ValidationImageSpec:
    plan = plan_with(validate={"inVMValidations": [{"type": "Shell", "inline": ["true"]}]})
    assert plan.validation is not None
    assert plan.validation.image is not None
    return plan.validation.image


def vhd_request() -> VhdRequest:
    plan = turned_off(plan_with())
    target = plan.targets[0]
    assert isinstance(target, VhdTarget)
    assert plan.origin is not None
    storage = staging.create_containers(plan.staging.storage)
    return VhdRequest(run=plan.run, origin=plan.origin, storage=storage, target=target)


def is_there(entry: LedgerEntry) -> bool:
    with contextlib.suppress(AzureNotFound):
        if entry.kind == "disk-access":
            return marks.look(entry).is_read
        return marks.carries(marks.look(entry).tags, entry.mark)
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_anothers_under_a_recorded_id_survives_clean_up_which_says_so(kind: EntryKind) -> None:
    resource = MAKERS[kind]()
    entry = LedgerEntry(kind=kind, id=resource, tier=0, mark=ANOTHERS)
    tags = dict(marks.look(entry).tags)

    with pytest.raises(MadeByAnother) as told:
        clean_up.start_delete(DeleteRequest(entry=entry))

    own = entry.model_copy(update={"mark": tags})
    assert told.value.detail.message.startswith(f"{resource} is somebody else's by now, so it was left alone")
    assert is_there(own)

    done(clean_up.start_delete(DeleteRequest(entry=own)))
    assert not is_there(own)


@pytest.mark.parametrize("kind", ["vm", "snapshot", "gallery-version"])
def test_what_is_said_to_be_gone_once_is_deleted_all_the_same(kind: EntryKind, settings: InProcessAzure) -> None:
    resource = MAKERS[kind]()
    entry = LedgerEntry(kind=kind, id=resource, tier=0)
    entry = entry.model_copy(update={"mark": dict(marks.look(entry).tags)})
    missing = {
        "method": "GET",
        "path": resource,
        "status": 404,
        "code": "ResourceNotFound",
        "message": "no",
        "times": 1,
    }

    with settings.faults(missing):
        done(clean_up.start_delete(DeleteRequest(entry=entry)))

    assert not is_there(entry)


REFUSED: dict[str, Any] = {"status": 403, "code": "AuthorizationFailed", "message": "no", "times": 0}


def of_machine(activity: Callable[[ProvisionRequest], Any]) -> Callable[[], tuple[Any, Callable[[], Any]]]:
    def asked() -> tuple[Any, Callable[[], Any]]:
        plan = plan_with()
        stage(plan)
        request = ProvisionRequest(run=plan.run, machine=machine_of(plan))
        done(machines.start_interface(request.machine))
        return plan.run, lambda: activity(request)

    return asked


def of_disk() -> tuple[Any, Callable[[], Any]]:
    request = gallery_request()
    done(capture.start_version(request))
    clean_up.close_ledger(CloseRequest(run=request.run))
    plan = plan_with()
    stage(plan)
    assert plan.origin is not None
    origin = plan.origin.model_copy(update={"machine": None, "version": request.target.version_id})
    return plan.run, lambda: images.start_origin_disk(OriginRequest(run=plan.run, origin=origin))


def of_image() -> tuple[Any, Callable[[], Any]]:
    request = image_request("westeurope")
    return request.run, lambda: images.start_image(request)


def of_snapshot() -> tuple[Any, Callable[[], Any]]:
    request = image_request("northeurope")
    return request.run, lambda: images.start_snapshot(request)


def of_version() -> tuple[Any, Callable[[], Any]]:
    request = gallery_request()
    return request.run, lambda: capture.start_version(request)


def of_vhd() -> tuple[Any, Callable[[], Any]]:
    request = vhd_request()
    return request.run, lambda: capture.start_export(request)


def of_validation(
    activity: Callable[[ValidationImageRequest], Any],
) -> Callable[[], tuple[Any, Callable[[], Any]]]:
    def asked() -> tuple[Any, Callable[[], Any]]:
        plan = plan_with(validate={"inVMValidations": [{"type": "Shell", "inline": ["true"]}]})
        assert plan.validation is not None
        image = plan.validation.image
        assert image is not None
        groups.create(GroupSpec(subscription=SUBSCRIPTION, name=image.group, location=image.location, tags={}))
        if activity is not validate.start_validation_gallery:
            done(validation_image.start_gallery(image))
        request = ValidationImageRequest(run=plan.run, image=image, machine="/unused")
        return plan.run, lambda: activity(request)

    return asked


MADE: dict[EntryKind, tuple[str, str, Callable[[], tuple[Any, Callable[[], Any]]]]] = {
    "vm": ("PUT", "*/virtualMachines/*", of_machine(provision.start_machine)),
    "nic": ("PUT", "*/networkInterfaces/*", of_machine(provision.start_interface)),
    "disk": ("PUT", "*/disks/*", of_disk),
    "disk-access": ("POST", "*/beginGetAccess", of_vhd),
    "snapshot": ("PUT", "*/snapshots/*", of_snapshot),
    "image": ("PUT", "*/Microsoft.Compute/images/*", of_image),
    "gallery-version": ("PUT", "*/versions/*", of_version),
    "gallery": ("PUT", "*/galleries/*", of_validation(validate.start_validation_gallery)),
    "gallery-image": ("PUT", "*/images/*", of_validation(validate.start_validation_definition)),
}
"""Kinds that a run makes by a call of ARM's: the call, and the activity that makes it."""
NOT_MADE_BY_RUNS = {"network", "security-group", "storage-account", "resource-group", "group-mark"}
BY_ANOTHER_SERVICE = {"vhd"}
"""Kinds that are not ARM's: the local Azure lets no call to storage fail; test_exports.py has a missing container."""


def test_each_kind_is_in_the_tables() -> None:
    assert set(MAKERS) == set(KINDS) == set(marks.VERSIONS) | {"vhd"}
    assert set(MADE) | NOT_MADE_BY_RUNS | BY_ANOTHER_SERVICE == set(KINDS)


@pytest.mark.parametrize("kind", MADE)
def test_what_azure_refuses_to_make_is_in_the_ledger_no_more(kind: EntryKind, settings: InProcessAzure) -> None:
    method, path, prepared = MADE[kind]
    run, make = prepared()

    with settings.faults({"method": method, "path": path, **REFUSED}), pytest.raises(AzureFailed, match="no"):
        make()

    ledger = clean_up.close_ledger(CloseRequest(run=run)).entries
    assert [entry.kind for entry in ledger if entry.kind == kind] == []
