from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

import pytest

from kiln.cloud import clients, group_deletion, groups, inventory, removal
from kiln.cloud.group_deletion import Ownership
from kiln.cloud.group_tags import GroupUser
from kiln.errors import BuildError, provisioning_code
from kiln.ids import TemplateId
from kiln.planner.staging import GroupSpec
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import done, machine_of, plan_with, stage, start_machine
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

if TYPE_CHECKING:
    from kiln.contracts.staging import StagedStorage

MINE = TemplateId(subscription=SUBSCRIPTION, group="rg-images", name="mine")
OTHER = MINE.model_copy(update={"name": "other"})


INSTALLATION = "this-kiln"


def spec(name: str, template: TemplateId = MINE, *, installation: str = INSTALLATION) -> GroupSpec:
    tags = {"usedBy": template.arm, "kilnInstallation": installation}
    return GroupSpec(subscription=SUBSCRIPTION, name=name, location="westeurope", tags=tags, given=True)


def new_name() -> str:
    return f"rg-staging-{uuid.uuid4().hex[:8]}"


def tags_of(name: str) -> dict[str, str]:
    found = groups.find(SUBSCRIPTION, name)
    return dict((found.tags if found else None) or {})


def ownership(name: str, template: TemplateId = MINE, installation: str = INSTALLATION) -> Ownership:
    return group_deletion.ownership(template, name, installation)


def test_a_named_group_that_is_not_there_is_made_and_goes_with_the_template() -> None:
    name = new_name()
    groups.check(MINE, name, "westeurope", INSTALLATION)
    assert ownership(name) is Ownership.GONE

    groups.create(spec(name))

    assert ownership(name) is Ownership.MADE
    assert ownership(name, OTHER) is Ownership.THEIRS
    groups.check(MINE, name, "West Europe", INSTALLATION)
    done(group_deletion.delete_or_return(MINE, name, INSTALLATION, given=True))
    assert ownership(name) is Ownership.GONE


def test_a_named_group_that_is_there_keeps_its_tags_and_gets_them_back() -> None:
    name = new_name()
    arm.group(name, tags={"owner": "somebody"})

    groups.create(spec(name))
    assert tags_of(name) == {"owner": "somebody", "usedBy": MINE.arm, "kilnInstallation": INSTALLATION}
    assert ownership(name) is Ownership.LENT
    group_deletion.delete_or_return(OTHER, name, INSTALLATION, given=True)
    assert "usedBy" in tags_of(name)
    group_deletion.delete_or_return(MINE, name, INSTALLATION, given=True)

    assert tags_of(name) == {"owner": "somebody"}


@pytest.mark.parametrize(
    ("template", "installation", "who"),
    [(OTHER, INSTALLATION, OTHER.arm), (MINE, "another-kiln", f"{MINE.arm} of another Kiln")],
    ids=["another template", "the same id at another Kiln"],
)
def test_a_group_that_became_anothers_is_left_alone_at_each_use(
    template: TemplateId, installation: str, who: str
) -> None:
    name = new_name()
    groups.create(spec(name, template, installation=installation))
    theirs = tags_of(name)

    with pytest.raises(BuildError, match=f"is in use by {re.escape(who)}") as at_submission:
        groups.check(MINE, name, "westeurope", INSTALLATION)
    with pytest.raises(BuildError, match=f"is in use by {re.escape(who)}") as at_staging:
        groups.create(spec(name))
    for caught in (at_submission, at_staging):
        assert provisioning_code(caught.value.detail) == "BadStagingResourceGroup"
    assert group_deletion.delete_or_return(MINE, name, INSTALLATION, given=True).url is None
    assert ownership(name) is Ownership.THEIRS
    assert tags_of(name) == theirs


def test_of_two_kilns_that_make_one_group_at_once_the_last_to_write_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    name, put = new_name(), groups._put

    def overtaken(spec_: GroupSpec, tags: dict[str, str]) -> bool:
        was_there = put(spec_, tags)
        put(spec_, spec(name, installation="another-kiln").tags)
        return was_there

    monkeypatch.setattr(groups, "_put", overtaken)

    with pytest.raises(BuildError, match="of another Kiln") as caught:
        groups.create(spec(name))
    assert caught.value.detail.hint is not None
    assert "take the tags usedBy and kilnInstallation off" in caught.value.detail.hint


def test_tags_are_found_in_any_case_as_azure_compares_their_names() -> None:
    name = new_name()
    arm.group(name, tags={"USEDBY": OTHER.arm.upper(), "kilninstallation": INSTALLATION})

    assert ownership(name) is Ownership.THEIRS
    assert ownership(name, OTHER) is Ownership.LENT
    groups.create(spec(name, OTHER))
    assert len(tags_of(name)) == 2


@pytest.mark.parametrize("tags", [{}, {"usedBy": MINE.arm}], ids=["without tags", "marked as somebody's"])
def test_a_group_of_kilns_own_that_lost_its_tags_is_not_deleted_and_it_is_said_what_to_do(tags: dict[str, str]) -> None:
    name = new_name()
    arm.group(name, tags=tags)

    with pytest.raises(BuildError, match="lacks the tags by which Kiln knows its own groups") as caught:
        group_deletion.delete_or_return(MINE, name, INSTALLATION, given=False)

    assert caught.value.detail.hint is not None
    assert groups.find(SUBSCRIPTION, name) is not None


def test_a_group_in_another_region_is_refused() -> None:
    name = new_name()
    arm.group(name, "northeurope")

    with pytest.raises(BuildError, match="is in northeurope, but the template is in westeurope") as caught:
        groups.check(MINE, name, "westeurope", INSTALLATION)
    assert provisioning_code(caught.value.detail) == "BadStagingResourceGroup"


def test_another_templates_group_is_refused() -> None:
    name = new_name()
    groups.create(spec(name, OTHER))

    with pytest.raises(BuildError, match=f"is in use by {OTHER.arm}"):
        groups.check(MINE, name, "westeurope", INSTALLATION)


def test_a_group_with_something_in_it_is_refused_unless_it_is_the_templates_own(storage: StagedStorage) -> None:
    account = storage.endpoint.rpartition("/")[2]
    group = f"rg-cloud-{account.removeprefix('cloud')}"

    with pytest.raises(BuildError, match=f"is not empty: it has .*{account}"):
        groups.check(MINE, group, "westeurope", INSTALLATION)
    groups.create(spec(group))
    groups.check(MINE, group, "westeurope", INSTALLATION)


def test_deleting_what_kiln_made_leaves_what_it_did_not() -> None:
    plan = plan_with(additionalDataDisks=[{"sizeGB": 8}])
    stage(plan)
    start_machine(machine_of(plan))
    group = plan.staging.group.name
    disks = clients.compute(SUBSCRIPTION).disks
    body = {"location": "westeurope", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}}
    disks.begin_create_or_update(group, "theirs", body, api_version=clients.DISKS).result()  # type: ignore[call-overload]  # a plain body, as everywhere

    found, others = inventory.content(SUBSCRIPTION, group, GroupUser(plan.run.template.arm, INSTALLATION))
    assert inventory.content(SUBSCRIPTION, group, GroupUser(OTHER.arm, INSTALLATION)).own == ()
    assert [each.rpartition("/")[2] for each in others] == ["theirs"]
    assert [entry.tier for entry in found] == sorted(entry.tier for entry in found)
    for entry in found:
        done(removal.start_delete(entry))

    left = clients.resources(SUBSCRIPTION).resources.list_by_resource_group(group)
    assert [item.name for item in left] == ["theirs"]
