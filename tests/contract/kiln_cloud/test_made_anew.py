"""A template that is deleted, and another made under its name: work for the first leaves the second alone."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from activities import adapter, submission, templates
from activities.runs import finish_run
from kiln.automation.pending_events import AllPendingEvents, PendingEvent, PendingEvents
from kiln.contracts.runs import FinishReport
from kiln.contracts.templates import DeletionFailure, SubmissionReport, TemplateRequest
from kiln.errors import ErrorDetail, ResourceNotFound, RunCanceled, Superseded
from kiln.ids import RunRef, SubmissionRef, TemplateId
from kiln.lifecycle.fire_trigger import take_and_fire
from kiln.lifecycle.submission import give_up
from kiln.rebuild import claiming, claims
from kiln.rebuild.contracts import DependentTrigger, RebuildRequest, SourceVersion, VersionFacts
from kiln.rebuild.dependents import Dependents
from kiln.rebuild.index import enter_trigger
from kiln.rebuild.records import Rebuilds
from kiln.rebuild.source import MarketplaceImage
from kiln.runs.begin import Begun, begin_run
from kiln.runs.group_claims import GroupClaims
from kiln.runs.ledger import LedgerEntry
from kiln.runs.ledgers import Ledgers
from kiln.runs.new_run import new_run
from kiln.runs.record import ProvisioningState, RunState, TemplateRecord, TriggerRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import begin_deletion, settle
from kiln.runs.triggers import Triggers
from kiln.sweep.gone_templates import forget_gone_templates
from tests.contract.kiln_api.task_hub import TaskHub
from tests.contract.kiln_cloud.building import body_with
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION
from triggers.orchestrations import DurableOrchestrations

if TYPE_CHECKING:
    from collections.abc import Callable

    from kiln.lifecycle.orchestrations import Orchestrations

THEN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NOW = THEN + timedelta(hours=1)
ERROR = ErrorDetail(code="Other", message="no")
DEBIAN = MarketplaceImage(region="westeurope", publisher="Debian", offer="debian-12", sku="12-gen2")


@pytest.fixture
def old() -> TemplateRecord:
    """A template that is being deleted."""
    return begin_deletion(
        made(TemplateId(subscription=SUBSCRIPTION, group="rg", name=uuid.uuid4().hex[:10]), THEN), THEN
    )


@pytest.fixture
def new(old: TemplateRecord) -> TemplateRecord:
    """Another one of its name, stored when the first was gone, with autoRun; its submission has succeeded."""
    record = settle(made(old.id, NOW), 1, NOW, None)
    Templates().create(record)
    return record


def made(template: TemplateId, at: datetime) -> TemplateRecord:
    body = body_with(autoRun={"state": "Enabled"})
    return TemplateRecord(id=template, body=body, created=at, changed=at, staging_group=f"IT_{uuid.uuid4().hex}")


def stored(record: TemplateRecord) -> TemplateRecord:
    return Templates().require(record.id)


def change(record: TemplateRecord, **update: Any) -> TemplateRecord:
    changed = Templates().update(record.id, lambda known: known.model_copy(update=update))
    assert changed is not None
    return changed


def submission_of(record: TemplateRecord) -> SubmissionRef:
    return SubmissionRef(template=record.id, made=record.created, version=record.version)


def request_of(record: TemplateRecord) -> TemplateRequest:
    return TemplateRequest(template=record.id, made=record.created)


def trigger_of(record: TemplateRecord, kind: str = "Webhook", **properties: Any) -> TriggerRecord:
    return TriggerRecord(
        template=record.id,
        name="hook",
        kind=kind,
        body={"properties": {"kind": kind, **properties}},
        created=record.created,
        changed=record.created,
    )


def orchestrations() -> Orchestrations:
    return DurableOrchestrations(TaskHub())


def run_of(record: TemplateRecord) -> RunRef:
    """A run of the template, with its record."""
    run = new_run(record, record.created, uuid.uuid4().hex[:8])
    assert isinstance(begin_run(record.id, run.run_id, lambda _: run), Begun)
    return RunRef(template=record.id, run_id=run.run_id)


def test_a_submission_ends_and_checks_its_own_template_alone(old: TemplateRecord, new: TemplateRecord) -> None:
    going = change(new, settled=0, provisioning_state=ProvisioningState.CREATING)

    with pytest.raises(Superseded):
        submission.check_template(submission_of(old))
    with pytest.raises(Superseded):
        adapter.fence(submission_of(old))
    submission.finish_submission(SubmissionReport(submission=submission_of(old), at=NOW.isoformat(), error=ERROR))

    assert stored(new) == going


def test_a_submission_begins_no_run_of_another_template(old: TemplateRecord, new: TemplateRecord) -> None:
    begun = submission.begin_automatic_run(SubmissionReport(submission=submission_of(old), at=NOW.isoformat()))

    assert (begun.run, begun.busy, stored(new).run_id) == (None, False, None)


def test_a_template_that_is_made_anew_while_its_run_is_begun_begins_none(
    old: TemplateRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = settle(made(old.id, THEN), 1, THEN, None)
    Templates().create(first)

    def late(*asked: Any) -> Any:
        change(first, created=NOW)
        return begin_run(*asked)

    monkeypatch.setattr("activities.submission.begin_run", late)
    begun = submission.begin_automatic_run(SubmissionReport(submission=submission_of(first), at=NOW.isoformat()))

    assert (begun.run, stored(first).run_id) == (None, None)


def test_what_waits_for_a_template_does_not_wait_for_the_next_one(old: TemplateRecord, new: TemplateRecord) -> None:
    change(new, settled=0)

    assert templates.check_idle(request_of(old)).done
    assert not templates.check_idle(request_of(new)).done


def test_a_deletion_that_comes_late_takes_nothing_of_another_deletion(old: TemplateRecord, new: TemplateRecord) -> None:
    leaving = change(new, provisioning_state=ProvisioningState.DELETING, deletion_began=NOW)
    assert GroupClaims().take(leaving) is None

    assert templates.list_staged(request_of(old)).entries == ()
    assert templates.start_delete_group(request_of(old)).url is None
    templates.fail_deletion(DeletionFailure(template=old.id, made=old.created, error=ERROR))
    templates.forget_template(request_of(old))

    assert stored(new) == leaving


def test_a_deletion_that_runs_twice_takes_nothing_that_was_made_in_between(
    old: TemplateRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    Templates().create(old)
    before = trigger_of(old, "SourceImage")
    Triggers().put(before)
    enter_trigger(old, before.name, THEN)
    after = made(old.id, NOW)
    still_to_delete, looks = templates._still_to_delete, []

    def slow(request: TemplateRequest) -> TemplateRecord | None:
        found = still_to_delete(request)
        looks.append(found)
        if len(looks) == 2:  # still the old one: only now the other host deletes its record, and it is made anew
            templates.forget_template(request)
            Templates().create(after)
            Triggers().put(trigger_of(after, "SourceImage"))
            enter_trigger(after, before.name, NOW)
            Rebuilds().change(after, DEBIAN.key, lambda known: known)
        return found

    monkeypatch.setattr(templates, "_still_to_delete", slow)
    templates.forget_template(request_of(old))

    assert stored(after) == after
    assert Triggers().get(after, "hook") is not None
    assert [each.content.template for each in Dependents().of(DEBIAN.key)].count(old.id) == 1


def test_index_entries_and_rebuilds_of_a_template_made_anew_outlive_the_first_ones_end(
    old: TemplateRecord, new: TemplateRecord
) -> None:
    Triggers().put(trigger_of(new, "SourceImage"))
    enter_trigger(new, "hook", NOW)
    version = "1.0.0"
    Rebuilds().change(new, DEBIAN.key, lambda known: claims.wait(known, version, "b", NOW, NOW + timedelta(hours=1)))

    Rebuilds().forget(old)
    Rebuilds().change(old, DEBIAN.key, lambda known: known.model_copy(update={"waiting": None}))

    waiting = Rebuilds().get(new, DEBIAN.key).waiting
    assert waiting is not None
    assert waiting.version == version


def test_a_submission_is_given_up_for_the_template_that_it_is_of(old: TemplateRecord, new: TemplateRecord) -> None:
    going = change(new, settled=0, provisioning_state=ProvisioningState.CREATING)

    asyncio.run(give_up(orchestrations(), old, NOW))

    assert stored(new) == going


def test_a_rebuild_is_of_the_template_whose_trigger_was_found(old: TemplateRecord, new: TemplateRecord) -> None:
    Triggers().put(trigger_of(new, "SourceImage"))

    def claimed(record: TemplateRecord) -> str:
        asked = RebuildRequest(
            found=SourceVersion(source=DEBIAN, version="9.9.9", event="e", at=NOW.isoformat()),
            facts=VersionFacts(published=NOW),
            target=DependentTrigger(template=record.id, made=record.created, trigger="hook"),
            by="rebuild:0",
        )
        return claiming.claim(asked, NOW, 5).reason

    assert claimed(old) == claiming.GONE
    assert stored(new).run_id is None
    assert claimed(new) != claiming.GONE


def test_a_run_that_ends_twice_gives_its_outputs_to_its_own_template(old: TemplateRecord) -> None:
    first = settle(made(old.id, THEN), 1, THEN, None)
    Templates().create(first)
    run = run_of(first)
    report = FinishReport(run=run, state=RunState.SUCCEEDED, at=NOW.isoformat(), message="")
    finish_run(report)
    templates.forget_template(
        request_of(change(first, provisioning_state=ProvisioningState.DELETING, deletion_began=NOW))
    )
    again = made(old.id, NOW)
    Templates().create(again)

    with pytest.raises(ResourceNotFound):
        finish_run(report)

    assert stored(again) == again


def test_a_run_that_went_with_its_template_makes_nothing_more(old: TemplateRecord) -> None:
    first = settle(made(old.id, THEN), 1, THEN, None)
    Templates().create(first)
    run = run_of(first)
    entry = LedgerEntry(kind="vm", id="/vm", tier=0)
    Ledgers().record(run.template, run.run_id, entry)
    adapter.fence(run)
    templates.forget_template(
        request_of(change(first, provisioning_state=ProvisioningState.DELETING, deletion_began=NOW))
    )
    Templates().create(made(old.id, NOW))

    with pytest.raises(RunCanceled):
        adapter.fence(run)
    with pytest.raises(RunCanceled):
        Ledgers().record(run.template, run.run_id, entry)


def test_what_a_trigger_waited_for_does_not_fire_the_next_one_of_its_name(
    old: TemplateRecord, new: TemplateRecord
) -> None:
    AllPendingEvents().set(trigger_of(old), THEN)
    before = AllPendingEvents().get(old.id, "hook")
    assert before is not None
    Triggers().put(trigger_of(new))
    AllPendingEvents().set(trigger_of(new), NOW)
    pending_event = PendingEvent(id="o", at=NOW)

    fired = asyncio.run(take_and_fire(orchestrations(), before, pending_event, NOW))
    pending = before.model_copy(update={"pending": pending_event})
    late = asyncio.run(take_and_fire(orchestrations(), pending, None, NOW))
    AllPendingEvents().drop_read(before)

    after = AllPendingEvents().get(new.id, "hook")
    assert isinstance(after, PendingEvents)
    assert (fired, late is None or late.decision, after.made, after.taken) == (None, "never", NOW, ())
    assert stored(new).run_id is None


@pytest.mark.parametrize(
    "forget", [lambda old: Runs().delete_all(old.id, lambda: True), lambda _: forget_gone_templates()]
)
def test_what_was_written_again_since_it_was_listed_stays(
    old: TemplateRecord, forget: Callable[[TemplateRecord], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    Triggers().put(trigger_of(old))
    after = made(old.id, NOW)
    store = Triggers()._store
    listed = store.listed

    def slow(prefix: str) -> list[tuple[str, str]]:
        found = list(listed(prefix))
        if prefix.startswith("triggers/") and Triggers().get(after, "hook") is None:
            Triggers().put(trigger_of(after))
            monkeypatch.setattr(store, "listed", lambda _: iter(()))
        return found

    monkeypatch.setattr(store, "listed", slow)
    forget(old)

    assert Triggers().get(after, "hook") is not None
