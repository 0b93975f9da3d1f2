"""Somebody else's resources in a staging group, and groups that somebody else made under its name: all of them stay."""

from __future__ import annotations

import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from activities import clean_up, stage, submission, templates
from kiln.cloud import clients, group_deletion, groups, tagging
from kiln.contracts.clean_up import DeleteRequest
from kiln.contracts.staging import GroupRequest, NetworkRequest
from kiln.contracts.templates import TemplateRequest
from kiln.errors import BuildError, provisioning_code
from kiln.ids import SubmissionRef, TemplateId, group_id
from kiln.planner.staging import GroupSpec
from kiln.runs.ledger import LedgerEntry
from kiln.runs.record import ProvisioningState, TemplateRecord
from kiln.runs.templates import Templates
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import body_with, done
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("settings")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STRANGER = {"owner": "stranger"}
INSTALLATION = "this-kiln"
GONE = TemplateId(subscription=SUBSCRIPTION, group="rg-images", name="gone")


def stored(*, given: bool) -> TemplateRecord:
    """Store a template with a new staging group, as its PUT does."""
    body, group = body_with(), f"rg-strangers-{uuid.uuid4().hex[:8]}"
    if given:
        body["properties"]["stagingResourceGroup"] = group_id(SUBSCRIPTION, group)
    record = TemplateRecord(
        id=TemplateId(subscription=SUBSCRIPTION, group="rg-images", name=f"t-{uuid.uuid4().hex[:10]}"),
        body=body,
        created=NOW,
        changed=NOW,
        staging_group=group,
        staging_given=given,
    )
    Templates().create(record)
    return record


def submit(record: TemplateRecord) -> None:
    """Run the template's submission as far as its security group."""
    owner = SubmissionRef(template=record.id, made=record.created, version=1)
    staging = submission.check_template(owner)
    stage.create_group(GroupRequest(owner=owner, group=staging.group))
    done(stage.start_security_group(NetworkRequest(owner=owner, network=staging.network)))


def delete(record: TemplateRecord, between: Callable[[], object] = lambda: None) -> None:
    """Delete the template by the activities of its deletion; `between` happens before its group is deleted."""
    Templates().update(
        record.id, lambda known: known.model_copy(update={"provisioning_state": ProvisioningState.DELETING})
    )
    request = TemplateRequest(template=record.id, made=record.created)
    for entry in templates.list_staged(request).entries:
        done(clean_up.start_delete(DeleteRequest(entry=entry)))
    between()
    done(templates.start_delete_group(request))
    templates.forget_template(request)


def strangers_disk(group: str) -> None:
    body: Any = {
        "location": "westeurope",
        "tags": STRANGER,
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4},
    }
    disks = clients.compute(SUBSCRIPTION).disks
    disks.begin_create_or_update(group, "strangers", body, api_version=clients.DISKS, **arm.SOON).result()


def strangers_group(name: str) -> None:
    groups_of = clients.resources(SUBSCRIPTION).resource_groups
    if groups.find(SUBSCRIPTION, name) is not None:
        groups_of.begin_delete(name, **arm.SOON).result()
    groups_of.create_or_update(name, {"location": "westeurope", "tags": STRANGER})


def content_of(name: str) -> list[str]:
    return [str(item.name) for item in clients.resources(SUBSCRIPTION).resources.list_by_resource_group(name)]


def tags_of(name: str) -> dict[str, str] | None:
    found = groups.find(SUBSCRIPTION, name)
    return None if found is None else dict(found.tags or {})


@pytest.mark.parametrize("given", [True, False], ids=["named by the template", "of Kiln's own name"])
def test_of_a_group_that_kiln_made_what_is_somebody_elses_stays_with_the_group(
    caplog: pytest.LogCaptureFixture, *, given: bool
) -> None:
    record = stored(given=given)
    submit(record)
    strangers_disk(record.staging_group)

    with caplog.at_level(logging.WARNING, "kiln.cloud"):
        delete(record)

    assert content_of(record.staging_group) == ["strangers"]
    assert tags_of(record.staging_group) == {}
    assert "disks/strangers in it: Kiln did not make that" in caplog.text
    assert Templates().get(record.id) is None


@pytest.mark.parametrize("given", [True, False], ids=["named by the template", "of Kiln's own name"])
def test_a_group_that_kiln_made_with_nothing_else_in_it_goes_as_a_whole(*, given: bool) -> None:
    record = stored(given=given)
    submit(record)

    delete(record)

    assert tags_of(record.staging_group) is None


def test_what_comes_into_the_group_while_it_is_being_deleted_stops_the_deletion_until_the_next() -> None:
    record = stored(given=True)
    submit(record)

    with pytest.raises(BuildError, match="disks/strangers in it, which came just now"):
        delete(record, lambda: strangers_disk(record.staging_group))
    assert content_of(record.staging_group) == ["kiln-nsg", "strangers"]
    delete(record)

    assert content_of(record.staging_group) == ["strangers"]


@pytest.mark.parametrize("full", [True, False], ids=["with a disk", "with a tag alone"])
def test_a_group_of_kilns_own_name_that_somebody_made_anew_is_refused_and_left_as_it_is(*, full: bool) -> None:
    record = stored(given=False)
    submit(record)
    strangers_group(record.staging_group)
    if full:
        strangers_disk(record.staging_group)

    with pytest.raises(BuildError, match="is not the one that Kiln made: it has") as caught:
        submit(record)
    delete(record)

    assert provisioning_code(caught.value.detail) == "BadStagingResourceGroup"
    assert ("disks/strangers" if full else "owner=stranger") in caught.value.detail.message
    assert caught.value.detail.hint is not None
    assert tags_of(record.staging_group) == STRANGER
    assert content_of(record.staging_group) == (["strangers"] if full else [])


def test_a_group_that_lost_its_tags_alone_gets_them_back_beside_what_it_has() -> None:
    record = stored(given=False)
    submit(record)
    before = tags_of(record.staging_group)
    groups._put(_spec(record.staging_group, {}), STRANGER)

    submit(record)

    assert tags_of(record.staging_group) == {**(before or {}), **STRANGER}


def test_a_group_that_somebody_makes_between_the_look_and_the_upsert_is_not_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record, put = stored(given=True), groups._put

    def overtaken(spec: GroupSpec, tags: dict[str, str]) -> bool:
        strangers_group(record.staging_group)
        return put(spec, tags)

    monkeypatch.setattr(groups, "_put", overtaken)
    submit(record)
    delete(record)

    assert tags_of(record.staging_group) == {}


def test_a_named_group_with_a_copied_tag_of_kilns_is_not_taken_for_one_that_kiln_made() -> None:
    record = stored(given=True)
    groups._put(_spec(record.staging_group, {}), {"createdBy": "Kiln", **STRANGER})

    submit(record)
    delete(record)

    assert tags_of(record.staging_group) == STRANGER


def test_tags_that_somebody_sets_while_kiln_marks_a_group_or_gives_it_back_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = stored(given=True)
    strangers_group(record.staging_group)
    update = tagging._update

    def meanwhile(subscription: str, group: str, operation: str, tags: dict[str, str], doing: str) -> None:
        update(subscription, group, "Merge", {f"during{operation}": "42"}, doing)
        update(subscription, group, operation, tags, doing)

    monkeypatch.setattr(tagging, "_update", meanwhile)
    submit(record)
    delete(record)

    assert tags_of(record.staging_group) == {**STRANGER, "duringMerge": "42", "duringDelete": "42"}


def test_a_group_that_goes_while_kiln_gives_it_back_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    record = stored(given=True)
    strangers_group(record.staging_group)
    submit(record)
    take_off = tagging.take_off

    def meanwhile(subscription: str, group: str, tags: dict[str, str]) -> None:
        clients.resources(SUBSCRIPTION).resource_groups.begin_delete(group, **arm.SOON).result()
        take_off(subscription, group, tags)

    monkeypatch.setattr(tagging, "take_off", meanwhile)
    delete(record)

    assert tags_of(record.staging_group) is None


def test_a_group_that_goes_while_kiln_marks_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    record = stored(given=True)
    strangers_group(record.staging_group)
    put_on = tagging.put_on

    def meanwhile(subscription: str, group: str, tags: dict[str, str]) -> None:
        clients.resources(SUBSCRIPTION).resource_groups.begin_delete(group, **arm.SOON).result()
        put_on(subscription, group, tags)

    monkeypatch.setattr(tagging, "put_on", meanwhile)
    submit(record)

    assert (tags_of(record.staging_group) or {})["createdBy"] == "Kiln"


def test_a_sweep_leaves_a_group_with_something_of_somebody_elses_and_says_so() -> None:
    name = f"rg-strangers-{uuid.uuid4().hex[:8]}"
    mark = {"usedBy": GONE.arm, "kilnInstallation": INSTALLATION, "createdBy": "Kiln"}
    groups._put(_spec(name, {}), {**mark, **STRANGER})
    strangers_disk(name)
    entry = LedgerEntry(kind="resource-group", id=group_id(SUBSCRIPTION, name), tier=5, mark=mark)

    with pytest.raises(
        BuildError, match=r"is not deleted, because it has .*disks/strangers in it, which Kiln did not make"
    ):
        group_deletion.start_delete(entry)

    assert content_of(name) == ["strangers"]
    assert tags_of(name) == STRANGER


def _spec(name: str, tags: dict[str, str]) -> GroupSpec:
    return GroupSpec(subscription=SUBSCRIPTION, name=name, location="westeurope", tags=tags)
