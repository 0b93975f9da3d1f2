from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from kiln.cloud import clients, groups, inventory, removal
from kiln.errors import BuildError, provisioning_code
from kiln.ids import TemplateId
from kiln.planner.staging import GroupSpec
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import done, machine_of, plan_with, stage, start_machine
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

if TYPE_CHECKING:
    from kiln.messages import StagedStorage

MINE = TemplateId(subscription=SUBSCRIPTION, group="rg-images", name="mine")
OTHER = MINE.model_copy(update={"name": "other"})


def spec(name: str, template: TemplateId = MINE, *, given: bool = True) -> GroupSpec:
    return GroupSpec(
        subscription=SUBSCRIPTION, name=name, location="westeurope", tags={"usedBy": template.arm}, given=given
    )


def new_name() -> str:
    return f"rg-staging-{uuid.uuid4().hex[:8]}"


def tags_of(name: str) -> dict[str, str]:
    found = groups.find(SUBSCRIPTION, name)
    return dict((found.tags if found else None) or {})


def test_a_named_group_that_is_not_there_is_made_and_goes_with_the_template() -> None:
    name = new_name()
    groups.check(MINE, name, "westeurope")

    groups.create(spec(name))

    assert groups.is_made_by_kiln(MINE, name)
    assert not groups.is_made_by_kiln(OTHER, name)
    groups.check(MINE, name, "West Europe")


def test_a_named_group_that_is_there_keeps_its_tags_and_gets_them_back() -> None:
    name = new_name()
    arm.group(name, tags={"owner": "somebody"})

    groups.create(spec(name))
    assert tags_of(name) == {"owner": "somebody", "usedBy": MINE.arm}
    assert not groups.is_made_by_kiln(MINE, name)
    assert groups.is_ready(spec(name))
    groups.release(OTHER, name)
    assert "usedBy" in tags_of(name)
    groups.release(MINE, name)

    assert tags_of(name) == {"owner": "somebody"}


def test_a_group_in_another_region_is_refused() -> None:
    name = new_name()
    arm.group(name, "northeurope")

    with pytest.raises(BuildError, match="is in northeurope, but the template is in westeurope") as caught:
        groups.check(MINE, name, "westeurope")
    assert provisioning_code(caught.value.detail) == "BadStagingResourceGroup"


def test_another_templates_group_is_refused() -> None:
    name = new_name()
    groups.create(spec(name, OTHER))

    with pytest.raises(BuildError, match=f"is in use by {OTHER.arm}"):
        groups.check(MINE, name, "westeurope")


def test_a_group_with_something_in_it_is_refused_unless_it_is_the_templates_own(storage: StagedStorage) -> None:
    group = f"rg-cloud-{storage.account.removeprefix('cloud')}"

    with pytest.raises(BuildError, match=f"is not empty: it has .*{storage.account}"):
        groups.check(MINE, group, "westeurope")
    groups.create(spec(group))
    groups.check(MINE, group, "westeurope")


def test_deleting_what_kiln_made_leaves_what_it_did_not() -> None:
    plan = plan_with(additionalDataDisks=[{"sizeGB": 8}])
    stage(plan)
    start_machine(machine_of(plan))
    group = plan.staging.group.name
    disks = clients.compute(SUBSCRIPTION).disks
    body = {"location": "westeurope", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}
    disks.begin_create_or_update(group, "theirs", body, api_version=clients.DISKS).result()  # type: ignore[call-overload]  # a plain body, as everywhere

    found = inventory.staged(plan.run.template, group)
    assert inventory.staged(OTHER, group) == ()
    assert [entry.tier for entry in found] == sorted(entry.tier for entry in found)
    for entry in found:
        done(removal.start_delete(entry))

    left = clients.resources(SUBSCRIPTION).resources.list_by_resource_group(group)
    assert [item.name for item in left] == ["theirs"]
