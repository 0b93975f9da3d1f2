"""Requests while a document of one template cannot be read: those that do not need it work, the others say so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus as Status

import orchestrators
from activities.templates import check_idle
from devkit.host.testing import FlowRunner
from kiln.automation.listeners import Listeners
from kiln.automation.pending_events import AllPendingEvents
from kiln.contracts.templates import TemplateRequest
from kiln.ids import RunRef
from kiln.rebuild import records
from kiln.rebuild.claiming import expect
from kiln.rebuild.contracts import SourceVersion
from kiln.rebuild.records import Rebuilds
from kiln.rebuild.source import MarketplaceImage
from kiln.runs.documents import documents
from kiln.runs.group_claims import GroupClaims
from kiln.runs.ledger import LedgerEntry
from kiln.runs.ledgers import Ledgers
from kiln.runs.naming import build_instance, delete_instance
from kiln.runs.record import TriggerRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.triggers import Triggers
from kiln.runs.versions import Versions
from kiln.sweep.leftovers import Leftovers
from tests.contract.kiln_api.conftest import template_body
from tests.contract.kiln_api.firing_world import LISTENING, World, new_world
from tests.flows.local_azure.kiln import real_activities
from tests.poison import WORD, poisoned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.kiln_api.in_process import Answer

pytestmark = pytest.mark.usefixtures("azure_environment", "no_throttle")

OLD_RUN = "20260101-000000-00000001"
NIGHTLY = {"kind": "Schedule", "schedule": "0 3 * * *"}
VHD = LedgerEntry(kind="disk", id="/subscriptions/s/resourceGroups/g/providers/x/disks/d", tier=1, purpose="build")


@pytest.fixture
def world() -> Iterator[World]:
    with new_world() as made:
        yield made


@pytest.fixture
def another() -> Iterator[World]:
    with new_world() as made:
        yield made


def told(answer: Answer, path: str) -> None:
    """Expect the answer to name the document that cannot be read, and what to do, and nothing of its content."""
    assert (answer.status, answer.error["code"]) == (HTTPStatus.INTERNAL_SERVER_ERROR, "DocumentUnreadable")
    assert answer.error["target"] == path
    assert path in answer.error["message"]
    assert "another form than this version of Kiln writes" in answer.error["message"]
    assert "kiln doctor" in str(answer.error)
    assert WORD not in str(answer.body)


def latest_run(world: World) -> str:
    """Let the template have a run that made something, delete the run's document, and return its path."""
    run = world.run()
    Ledgers().record(world.id, run.run_id, VHD)
    Runs().delete(world.id, run.run_id)
    return Runs.path(world.id, run.run_id)


def delete(world: World) -> str:
    """Run the requested deletion to its end; return its status."""
    runner = FlowRunner(orchestrators=list(orchestrators.blueprints), activities=real_activities())
    return runner.run(
        "delete_template",
        TemplateRequest(template=world.id, made=Templates().require(world.id).created).model_dump(mode="json"),
    ).status


def left(world: World) -> list[str]:
    return [path for path in documents().paths("") if world.id.key in path and not path.startswith("leftovers/")]


def test_lists_leave_out_what_cannot_be_read_and_each_of_it_is_told_where_it_is_asked_for(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    run = world.run()
    world.put("nightly", NIGHTLY)
    versions = [Versions.path(world.id, number) for number in (1, 2)]
    Templates().update(world.id, lambda known: known.model_copy(update={"version": 3}))
    Versions().keep(world.template.model_copy(update={"version": 2}))
    bad = {
        "runs": (Runs.path(world.id, OLD_RUN), OLD_RUN),
        "triggers": (Triggers.path(world.id, "broken"), "broken"),
        "versions": (versions[0], "1"),
    }

    with poisoned(*(path for path, _ in bad.values())):
        lists = {kind: world.api("GET", f"{world.id.arm}/{kind}") for kind in bad}
        single = {kind: world.api("GET", f"{world.id.arm}/{kind}/{name}") for kind, (_, name) in bad.items()}

    names = {kind: [each["name"] for each in answer.body["value"]] for kind, answer in lists.items()}
    assert names == {"runs": [run.run_id], "triggers": ["nightly"], "versions": ["3", "2"]}
    for kind, (path, _) in bad.items():
        told(single[kind], path)
        assert path in caplog.text
    assert WORD not in caplog.text


def test_a_trigger_of_rules_that_are_no_more_is_left_out_and_can_be_stored_again_and_deleted(world: World) -> None:
    now = datetime.now(UTC)
    old = {"properties": {"kind": "Moon", "phase": "full"}}
    Triggers().put(TriggerRecord(template=world.id, name="old", kind="Moon", body=old, created=now, changed=now))
    world.put("nightly", NIGHTLY)
    path = f"{world.id.arm}/triggers"

    assert [each["name"] for each in world.api("GET", path).body["value"]] == ["nightly"]
    answer = world.api("GET", f"{path}/old")
    assert (answer.status, answer.error["code"]) == (HTTPStatus.INTERNAL_SERVER_ERROR, "DocumentUnreadable")
    world.put("old", NIGHTLY)
    assert len(world.api("GET", path).body["value"]) == 2

    Triggers().put(TriggerRecord(template=world.id, name="old", kind="Moon", body=old, created=now, changed=now))
    assert world.api("DELETE", f"{path}/old").status == HTTPStatus.ACCEPTED
    assert len(world.api("GET", path).body["value"]) == 1


def test_a_template_whose_latest_run_cannot_be_read_is_shown_without_it_and_begins_no_other(world: World) -> None:
    put = world.api("PUT", world.id.arm, template_body("other"))
    operation = put.headers["Azure-AsyncOperation"].split("?")[0].removeprefix("http://127.0.0.1:7071")
    world.settle()
    path = latest_run(world)
    started = list(world.hub.started)

    with poisoned(path):
        shown = world.api("GET", world.id.arm)
        listed = world.api("GET", world.id.arm.rpartition("/")[0])
        result = world.api("GET", operation.replace("/operations/", "/operationResults/"))
        told(world.api("POST", f"{world.id.arm}/run"), path)
        told(world.api("POST", f"{world.id.arm}/cancel"), path)

    assert (shown.status, result.status) == (HTTPStatus.OK, HTTPStatus.OK)
    for properties in (shown.body["properties"], listed.body["value"][0]["properties"], result.body["properties"]):
        assert properties["provisioningState"] == "Succeeded"
        assert "lastRunStatus" not in properties
    assert world.hub.started == started


def test_a_template_that_cannot_be_read_is_told_and_nothing_replaces_it_until_it_is_fixed_or_gone(
    world: World,
) -> None:
    path, record = Templates.path(world.id), world.template
    body = template_body("another")
    documents().delete(Templates.path(world.id))

    with poisoned(path):
        told(world.api("GET", world.id.arm), path)
        told(world.api("PUT", world.id.arm, body), path)
        told(world.api("PATCH", world.id.arm, {"tags": {"a": "b"}}), path)
        told(world.api("DELETE", world.id.arm), path)
        told(world.api("GET", f"{world.id.arm}/runs"), path)
        told(world.api("POST", f"{world.id.arm}/run"), path)
    assert world.hub.started == []

    Templates().create(record)
    assert world.api("GET", world.id.arm).status == HTTPStatus.OK, "it was restored"
    documents().delete(Templates.path(world.id))
    assert world.api("PUT", world.id.arm, body).status == HTTPStatus.CREATED, "it was removed"


@pytest.mark.parametrize("kind", ["an older run", "a trigger", "a ledger", "a version", "pending events", "a secret"])
def test_a_template_goes_with_what_cannot_be_read_of_it(world: World, kind: str) -> None:
    key = world.id.key
    world.put("follows", {"kind": "SourceImage"})
    paths = {
        "an older run": Runs.path(world.id, OLD_RUN),
        "a trigger": Triggers.path(world.id, "broken"),
        "a ledger": Ledgers.path(world.id, OLD_RUN),
        "a version": Versions.path(world.id, 1),
        "pending events": AllPendingEvents.path(world.id, "broken"),
        "a secret": f"secrets/{key}/broken.json",
    }

    with poisoned(paths[kind]):
        assert world.api("DELETE", world.id.arm).status == HTTPStatus.ACCEPTED
        assert delete(world) == "Completed"
        assert left(world) == []
    assert world.api("GET", world.id.arm).status == HTTPStatus.NOT_FOUND


def test_a_deletion_that_a_document_forbids_ends_at_once_and_says_which_and_works_once_that_is_fixed(
    world: World,
) -> None:
    path = GroupClaims.path(world.id.subscription, world.template.staging_group)
    documents().delete(path)

    with poisoned(path):
        assert world.api("DELETE", world.id.arm).status == HTTPStatus.ACCEPTED
        runner = FlowRunner(orchestrators=list(orchestrators.blueprints), activities=real_activities())
        began = runner.clock.now()
        doomed = TemplateRequest(template=world.id, made=world.template.created).model_dump(mode="json")
        assert runner.run("delete_template", doomed).status == "Failed"
        assert len(names := [call.name for call in runner.calls]) == len(set(names)), "it has tried something again"
        assert runner.clock.now() - began < timedelta(seconds=2), "it has waited for what does not pass"
        shown = world.api("GET", world.id.arm).body["properties"]

    assert shown["provisioningState"] == "Failed"
    assert shown["provisioningError"]["provisioningErrorCode"] == "ServerError"
    assert f"document {path} cannot be read" in shown["provisioningError"]["message"]
    assert "kiln doctor" in shown["provisioningError"]["message"]
    assert WORD not in str(shown)
    assert world.api("DELETE", world.id.arm).status == HTTPStatus.ACCEPTED
    assert delete(world) == "Completed"


def test_a_template_goes_with_its_latest_run_that_cannot_be_read_once_its_build_cleans_up(world: World) -> None:
    path = latest_run(world)
    run_id = world.template.run_id
    assert run_id is not None
    instance = build_instance(world.id, run_id)

    with poisoned(path):
        assert world.api("DELETE", world.id.arm).status == HTTPStatus.ACCEPTED
        assert [(each, name) for each, name, _ in world.hub.events] == [(instance, "cancel")]
        assert not check_idle(TemplateRequest(template=world.id, made=Templates().require(world.id).created)).done
        Ledgers().close(world.id, run_id)
        assert delete(world) == "Completed"
        assert left(world) == []


def test_what_a_run_made_that_cannot_be_read_and_that_nobody_works_on_is_owed_when_its_template_goes(
    world: World,
) -> None:
    path = latest_run(world)
    run = RunRef(template=world.id, run_id=str(world.template.run_id))
    world.hub.instances[build_instance(world.id, run.run_id)] = Status.Terminated

    with poisoned(path):
        assert world.api("DELETE", world.id.arm).status == HTTPStatus.ACCEPTED
        assert ("delete_template", delete_instance(world.template)) in world.hub.started
        assert delete(world) == "Completed"

    (left,) = [each for each in Leftovers().list() if each.run == run]
    assert [entry.id for entry in left.entries] == [VHD.id]
    Leftovers().strike(run, {VHD.id})


def test_a_trigger_that_cannot_be_read_is_fixed_by_storing_it_again(world: World) -> None:
    paths = (
        Triggers.path(world.id, "listening"),
        AllPendingEvents.path(world.id, "listening"),
        f"{Listeners.folder('Policy.Changed')}{world.id.key}/listening.json",
    )
    with poisoned(*paths):
        assert world.put("listening", LISTENING).status == HTTPStatus.CREATED
        assert world.hear() == 1


def test_a_trigger_that_cannot_be_read_can_be_deleted_and_no_event_finds_it_then(world: World) -> None:
    world.put("listening", LISTENING)
    path = Triggers.path(world.id, "listening")
    documents().delete(path)

    with poisoned(path):
        assert world.api("DELETE", f"{world.id.arm}/triggers/listening").status == HTTPStatus.ACCEPTED
        assert left(world) == [Templates.path(world.id)]
        assert world.api("DELETE", f"{world.id.arm}/triggers/listening").status == HTTPStatus.NO_CONTENT


def test_a_dependent_that_cannot_be_read_keeps_no_other_from_being_built(world: World, another: World) -> None:
    for each in (world, another):
        each.put("follows", {"kind": "SourceImage"})
    image: dict[str, Any] = world.template.body["properties"]["source"]
    source = MarketplaceImage(region="westeurope", publisher=image["publisher"], offer=image["offer"], sku=image["sku"])
    told_of = SourceVersion(source=source, version="9.9.9", event="e", at="2026-11-22T02:21:12+00:00")
    record = another.template
    documents().delete(Templates.path(another.id))

    with poisoned(Templates.path(another.id)):
        expected = [each.template for each in expect(told_of, "by", datetime.now(UTC))]
        assert world.put("follows", {"kind": "SourceImage"}).status == HTTPStatus.OK
    Templates().create(record)

    assert world.id in expected
    assert another.id not in expected
    assert another.id in [each.template for each in expect(told_of, "by", datetime.now(UTC))], "its entry is there"


def test_places_for_rebuilds_that_cannot_be_read_are_begun_anew(world: World) -> None:
    run, now = RunRef(template=world.id, run_id=OLD_RUN), datetime.now(UTC)
    documents().delete(records._SLOTS)

    with poisoned(records._SLOTS):
        assert Rebuilds().take_slot(run, 1, now)
        assert not Rebuilds().take_slot(RunRef(template=world.id, run_id=f"{OLD_RUN[:-1]}2"), 1, now)
        Rebuilds().free_slot(run)
