from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from activities import clean_up, images, provision, stage, templates
from activities.adapter import fence
from kiln.cloud import groups
from kiln.contracts.clean_up import CloseRequest, DeleteRequest
from kiln.contracts.images import ImageRequest
from kiln.contracts.machines import ProvisionRequest
from kiln.contracts.staging import GroupRequest, NetworkRequest, StorageRequest
from kiln.contracts.templates import TemplateRequest
from kiln.errors import ImageTaken, RunCanceled
from kiln.planner.targets import ManagedImageTarget
from kiln.runs.ledger import LedgerEntry
from kiln.runs.ledgers import Ledgers
from kiln.runs.record import ProvisioningState, TemplateRecord
from kiln.runs.templates import Templates
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import body_with, done, machine_of, plan_with, turned_off
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION
from tests.waiting import until

if TYPE_CHECKING:
    from kiln.ids import RunRef

pytestmark = pytest.mark.usefixtures("settings")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def provisioned() -> tuple[RunRef, ProvisionRequest]:
    """Stage and provision by the activities, as a run does."""
    plan = plan_with(additionalDataDisks=[{"sizeGB": 8}])
    owner, staging = plan.run, plan.staging
    body = body_with()
    Templates().create(
        TemplateRecord(id=owner.template, body=body, created=NOW, changed=NOW, staging_group=staging.group.name)
    )
    stage.create_group(GroupRequest(owner=owner, group=staging.group))
    stage.start_security_group(NetworkRequest(owner=owner, network=staging.network))
    stage.start_network(NetworkRequest(owner=owner, network=staging.network))
    stage.start_storage(StorageRequest(owner=owner, storage=staging.storage))
    request = ProvisionRequest(run=plan.run, machine=machine_of(plan))
    provision.start_interface(request)
    done(provision.start_machine(request))
    return plan.run, request


def test_everything_of_a_run_is_deleted_in_order_and_its_work_ends() -> None:
    run, _ = provisioned()

    due = clean_up.close_ledger(CloseRequest(run=run))
    for entry in due.entries:
        done(clean_up.start_delete(DeleteRequest(entry=entry)))

    assert [entry.kind for entry in due.entries] == ["vm", "nic", "disk", "disk"]
    assert due.kept == ()
    with pytest.raises(RunCanceled):
        fence(run)
    for entry in due.entries:
        assert clean_up.start_delete(DeleteRequest(entry=entry)).url is None  # all of it is gone


def test_a_machine_that_is_kept_keeps_all_that_it_needs() -> None:
    run, request = provisioned()
    Ledgers().record(run.template, run.run_id, LedgerEntry(kind="vm", id="/other", tier=1, purpose="validation"))

    due = clean_up.close_ledger(CloseRequest(run=run, keep=("build",)))

    assert [entry.id for entry in due.entries] == ["/other"]
    assert len(due.kept) == 4
    assert all(request.machine.name in kept for kept in due.kept)


def test_a_build_does_not_make_again_what_is_there_and_makes_again_what_is_not() -> None:
    run, _ = provisioned()
    plan = plan_with().model_copy(update={"run": run})
    network = NetworkRequest(owner=run, network=plan.staging.network)
    stage.create_group(GroupRequest(owner=run, group=plan.staging.group))

    assert "create" in stage.start_security_group(network).doing
    until(lambda: "use" in stage.start_security_group(network).doing)
    done(stage.start_network(network))
    assert "use" in stage.start_network(network).doing
    storage = StorageRequest(owner=run, storage=plan.staging.storage)
    done(stage.start_storage(storage))
    assert "use" in stage.start_storage(storage).doing


def test_what_is_somebody_elses_never_comes_into_the_ledger_and_so_is_never_deleted() -> None:
    image_id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/images/theirs"
    target = {"type": "ManagedImage", "runOutputName": "image", "imageId": image_id, "location": "westeurope"}
    plan = turned_off(plan_with(distribute=[target]))
    assert plan.origin is not None
    assert isinstance(plan.targets[0], ManagedImageTarget)
    arm.managed_image(image_id, {"sourceVirtualMachine": {"id": plan.origin.machine}})

    with pytest.raises(ImageTaken):
        images.start_image(ImageRequest(run=plan.run, origin=plan.origin, target=plan.targets[0]))

    assert clean_up.close_ledger(CloseRequest(run=plan.run)).entries == ()


def test_a_finished_image_is_kept_and_its_snapshots_are_not() -> None:
    image_id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/images"
    target = {
        "type": "ManagedImage",
        "runOutputName": "image",
        "imageId": f"{image_id}/{uuid.uuid4().hex[:8]}",
        "location": "northeurope",
    }
    plan = turned_off(plan_with(distribute=[target]))
    assert plan.origin is not None
    assert isinstance(plan.targets[0], ManagedImageTarget)
    request = ImageRequest(run=plan.run, origin=plan.origin, target=plan.targets[0])
    for activity in (images.start_snapshot, images.start_snapshot_copy):
        done(activity(request))
    until(lambda: images.check_snapshot_copy(request).done)
    done(images.start_image(request))
    Ledgers().keep(plan.run.template, plan.run.run_id, plan.targets[0].image_id)

    due = clean_up.close_ledger(CloseRequest(run=plan.run)).entries
    for entry in due:
        done(clean_up.start_delete(DeleteRequest(entry=entry)))

    assert [entry.kind for entry in due] == ["snapshot", "snapshot"]


@pytest.mark.parametrize("theirs", [True, False], ids=["somebody else's", "made by Kiln"])
def test_a_named_staging_group_goes_only_if_kiln_made_it(*, theirs: bool) -> None:
    name = f"rg-named-{uuid.uuid4().hex[:8]}"
    if theirs:
        arm.group(name, tags={"owner": "somebody"})
    plan = plan_with(stagingResourceGroup=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}")
    template = plan.run.template
    record = TemplateRecord(
        id=template,
        body=body_with(),
        created=NOW,
        changed=NOW,
        staging_group=name,
        staging_given=True,
        provisioning_state=ProvisioningState.DELETING,
    )
    Templates().create(record)
    group = plan.staging.group.model_copy(update={"name": name, "given": True, "tags": {"usedBy": template.arm}})
    stage.create_group(GroupRequest(owner=plan.run, group=group))
    network = plan.staging.network.model_copy(update={"group": name})
    done(stage.start_security_group(NetworkRequest(owner=plan.run, network=network)))
    request = TemplateRequest(template=template, made=NOW)

    staged = templates.list_staged(request)
    for entry in staged.entries:
        done(clean_up.start_delete(DeleteRequest(entry=entry)))
    done(templates.start_delete_group(request))
    templates.forget_template(request)

    found = groups.find(SUBSCRIPTION, name)
    assert [entry.kind for entry in staged.entries] == (["security-group"] if theirs else [])
    assert (found.tags if found else None) == ({"owner": "somebody"} if theirs else None)
    assert Templates().get(template) is None
