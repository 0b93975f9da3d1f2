"""Requests that die or meet half-way: no run is lost, started twice or stuck, whatever the order of the steps."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus

from activities.plan import begin_run as begin_build
from kiln.contracts.runs import ProgressReport
from kiln.errors import Conflict, ResourceNotFound
from kiln.ids import RunRef, TemplateId
from kiln.lifecycle.end_run import cancel_current_run, delete_template
from kiln.lifecycle.lost import find_lost
from kiln.lifecycle.reconcile import reconcile, reconcile_all
from kiln.lifecycle.start_run import start_run
from kiln.lifecycle.submit import Submission, submit
from kiln.runs.begin import Begun, begin_run, write_down
from kiln.runs.documents import documents
from kiln.runs.naming import delete_instance, run_id, submit_instance
from kiln.runs.new_run import new_run
from kiln.runs.record import Document, Phase, ProvisioningState, RunRecord, RunState, TemplateRecord, TriggerRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import begin_deletion, enter_phase, finish, request_cancel, settle
from kiln.runs.triggers import Triggers
from kiln.runs.versions import Versions, present
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.contract.kiln_api.in_process import Api
from tests.contract.kiln_api.task_hub import Status, TaskHub
from triggers.orchestrations import DurableOrchestrations

pytestmark = pytest.mark.usefixtures("azure_environment")


class Poisoned(Document):
    """No template, though labelled as one that is being submitted, run or deleted."""

    @property
    def labels(self) -> dict[str, str]:
        return {"underway": "deletion"}


NOW = datetime(2026, 11, 22, 2, 21, 12, tzinfo=UTC)


@pytest.fixture
def template() -> TemplateRecord:
    name = TemplateId(subscription=SUBSCRIPTION, group=f"rg-{uuid.uuid4().hex[:12]}", name="web")
    made = put(name, template_body())
    record = Templates().update(name, lambda known: settle(known, made.version, NOW, None))
    assert record is not None
    return record


def put(name: TemplateId, body: dict[str, Any]) -> TemplateRecord:
    """Store a template's version like a request that dies before it starts the submission."""
    submission = Submission(template=name, body=lambda _: body, at=NOW, suffix="3f9c8a1b")
    return submit(Templates(), Versions(), submission).record


def claimed(template: TemplateRecord, *phases: Phase, starter: str | None = None) -> RunRecord:
    """Store a run of the template like a request that dies before it starts the orchestration."""
    run = new_run(template, NOW, "00000001", starter=starter)
    for phase in phases:
        run = enter_phase(run, phase, NOW)
    Runs().create(run)
    Templates().update(template.id, lambda known: known.model_copy(update={"run_id": run.run_id}))
    return run


def start(hub: TaskHub, template: TemplateRecord) -> RunRecord:
    return asyncio.run(plain(hub, template))


async def plain(hub: TaskHub, template: TemplateRecord) -> RunRecord:
    suffix = secrets.token_hex(4)
    return await start_run(
        DurableOrchestrations(hub), template.id, run_id(NOW, suffix), lambda record: new_run(record, NOW, suffix)
    )


def cancel(hub: TaskHub, template: TemplateRecord) -> RunRecord | None:
    return asyncio.run(cancel_current_run(DurableOrchestrations(hub), Templates().require(template.id), NOW))


def test_a_run_that_was_stored_but_not_started_is_started_by_the_next_request(template: TemplateRecord) -> None:
    hub, lost = TaskHub(), claimed(template)
    assert start(hub, template) == lost
    assert hub.started == [("build_image", lost.instance_id)]


def beginning(template: TemplateRecord, starter: str | None = None) -> RunRecord:
    """Let the template begin a run like a request that dies right after that."""
    run = new_run(template, NOW, secrets.token_hex(4), starter=starter)
    taken = Templates().take_run(Templates().require_stored(template.id), run)
    assert taken is not None
    assert taken.beginning is not None
    return taken.beginning


def test_a_run_that_only_its_template_knows_is_shown_alike_everywhere(template: TemplateRecord) -> None:
    run, api = beginning(template), Api()
    (listed,) = api("GET", f"{template.id.arm}/runs").body["value"]
    assert listed["name"] == run.run_id
    assert api("GET", f"{template.id.arm}/runs/{run.run_id}").body == listed
    shown = api("GET", template.id.arm).body["properties"]["lastRunStatus"]
    assert shown["runState"] == listed["properties"]["runState"] == "Running"


def test_a_run_that_only_its_template_knows_is_begun_by_the_next_request(template: TemplateRecord) -> None:
    run, hub = beginning(template), TaskHub()
    assert start(hub, template) == run
    assert hub.started == [("build_image", run.instance_id)]
    assert list(Runs().list(template.id)) == [run]
    assert Templates().require(template.id).beginning is not None
    begin_build(ProgressReport(run=RunRef(template=template.id, run_id=run.run_id), phase=Phase.PLAN, at=str(NOW)))
    assert Templates().require(template.id).beginning is None


@pytest.mark.parametrize("is_written_down", [False, True])
def test_a_run_that_was_begun_and_never_started_is_started_by_the_timer(
    template: TemplateRecord, *, is_written_down: bool
) -> None:
    run, hub = beginning(template), TaskHub()
    if is_written_down:
        write_down(Templates().require(template.id))
    assert template.id.key in set(Templates().under_way())

    started = ("build_image", run.instance_id)
    asyncio.run(reconcile_all(DurableOrchestrations(hub), NOW + timedelta(seconds=30)))
    assert started not in hub.started, "its request may be about to start it"
    for _ in range(2):
        asyncio.run(reconcile_all(DurableOrchestrations(hub), NOW + timedelta(minutes=2)))
    assert hub.started.count(started) == 1

    begin_build(ProgressReport(run=RunRef(template=template.id, run_id=run.run_id), phase=Phase.PLAN, at=str(NOW)))
    assert template.id.key not in set(Templates().under_way())


def test_a_run_that_its_submission_is_about_to_start_is_left_to_it_by_the_timer(template: TemplateRecord) -> None:
    parent = submit_instance(template)
    started = ("build_image", beginning(template, parent).instance_id)
    hub = TaskHub({parent: OrchestrationRuntimeStatus.Running})

    asyncio.run(reconcile_all(DurableOrchestrations(hub), NOW + timedelta(minutes=2)))
    assert started not in hub.started
    hub.instances[parent] = OrchestrationRuntimeStatus.Failed
    asyncio.run(reconcile_all(DurableOrchestrations(hub), NOW + timedelta(minutes=2)))
    assert started in hub.started


def test_a_run_that_was_canceled_before_it_began_is_ended_by_the_timer(template: TemplateRecord) -> None:
    run, hub = beginning(template), TaskHub()
    write_down(Templates().require(template.id))
    Runs().update(template.id, run.run_id, request_cancel)

    for _ in range(2):
        asyncio.run(reconcile_all(DurableOrchestrations(hub), NOW + timedelta(minutes=2)))

    assert Runs().require(template.id, run.run_id).state is RunState.CANCELED
    assert ("build_image", run.instance_id) not in hub.started
    assert template.id.key not in set(Templates().under_way())


def test_the_timer_starts_no_run_of_a_template_that_is_being_deleted(template: TemplateRecord) -> None:
    run, hub = beginning(template), TaskHub()
    Templates().update(template.id, lambda known: begin_deletion(known, NOW))
    for _ in range(2):
        asyncio.run(reconcile_all(DurableOrchestrations(hub), NOW + timedelta(minutes=2)))
    assert ("delete_template", delete_instance(Templates().require(template.id))) in hub.started
    assert ("build_image", run.instance_id) not in hub.started
    assert Runs().require(template.id, run.run_id).state is RunState.CANCELED


def test_a_run_that_only_its_template_knows_is_canceled_at_once(template: TemplateRecord) -> None:
    beginning(template)
    hub = TaskHub()
    canceled = cancel(hub, template)
    assert canceled is not None
    assert canceled.state is RunState.CANCELED
    assert start(hub, template).run_id != canceled.run_id
    assert len(hub.started) == 1


def test_a_run_that_was_written_down_before_is_begun_once(template: TemplateRecord) -> None:
    run = beginning(template)
    asked = Templates().require(template.id)
    assert [write_down(asked), write_down(asked)] == [run, run]
    ended = finish(run, RunState.CANCELED, NOW, "no", None, ())
    Runs().update(template.id, run.run_id, lambda _: ended)
    assert begin_run(template.id, run.run_id, lambda record: new_run(record, NOW, "00000001")) == Begun(ended)


def test_who_comes_too_late_for_a_template_leaves_no_run_behind(template: TemplateRecord) -> None:
    beginning(template)
    slow = Templates().require(template.id)
    Runs().delete_all(template.id, lambda: True)
    documents().delete(Templates.path(template.id))
    with pytest.raises(ResourceNotFound):
        write_down(slow)
    assert list(Runs().list(template.id)) == []


def test_many_requests_at_once_start_one_run(template: TemplateRecord) -> None:
    hub = TaskHub()

    async def all_at_once() -> list[RunRecord | BaseException]:
        requests = [plain(hub, template) for _ in range(6)]
        return await asyncio.gather(*requests, return_exceptions=True)

    results = asyncio.run(all_at_once())
    runs = {result.run_id for result in results if isinstance(result, RunRecord)}
    assert all(isinstance(result, RunRecord | Conflict) for result in results)
    assert len(runs) == 1
    assert len(hub.started) == 1
    assert {run.run_id for run in Runs().list(template.id)} == runs


def test_a_run_that_never_started_is_canceled_at_once(template: TemplateRecord) -> None:
    claimed(template)
    hub = TaskHub()
    canceled = cancel(hub, template)
    assert canceled is not None
    assert canceled.state is RunState.CANCELED
    assert canceled.message == "The run was canceled before it began."
    assert start(hub, template).run_id != canceled.run_id


def test_a_cancel_that_overtakes_the_start_still_reaches_the_build(template: TemplateRecord) -> None:
    hub = TaskHub()

    async def overtake() -> None:
        await cancel_current_run(DurableOrchestrations(hub), Templates().require(template.id), NOW)

    hub.before_start = overtake
    run = start(hub, template)
    assert Runs().require(template.id, run.run_id).state is RunState.CANCELED
    assert [(instance, name) for instance, name, _ in hub.events] == [(run.instance_id, "cancel")]


def test_each_cancel_asks_the_build_with_a_payload_of_its_own(template: TemplateRecord) -> None:
    hub = TaskHub()
    run = start(hub, template)
    for _ in range(2):
        canceled = cancel(hub, template)
        assert canceled is not None
        assert canceled.state is RunState.CANCELING
    (first, _, one), (second, _, other) = hub.events
    assert (first, second) == (run.instance_id, run.instance_id)
    assert one != other


def test_a_run_whose_orchestration_broke_can_be_canceled_and_says_what_becomes_of_its_resources(
    template: TemplateRecord,
) -> None:
    run = claimed(template, Phase.PLAN, Phase.STAGE)
    hub = TaskHub({run.instance_id: OrchestrationRuntimeStatus.Terminated})
    with pytest.raises(Conflict, match="cancel it"):
        start(hub, template)

    canceled = cancel(hub, template)
    assert canceled is not None
    assert canceled.state is RunState.CANCELED
    assert "The next sweep deletes" in canceled.message
    assert start(hub, template).run_id != run.run_id


def test_a_template_is_deleted_by_one_orchestration_that_is_started_anew_when_it_broke(
    template: TemplateRecord,
) -> None:
    hub = TaskHub()
    for _ in range(2):
        asyncio.run(delete_template(DurableOrchestrations(hub), template.id, NOW))
    assert [name for name, _ in hub.started] == ["delete_template"]
    assert Templates().require(template.id).provisioning_state is ProvisioningState.DELETING
    with pytest.raises(Conflict, match="being deleted"):
        start(hub, template)

    (_, instance) = hub.started[0]
    hub.instances[instance] = OrchestrationRuntimeStatus.Failed
    asyncio.run(delete_template(DurableOrchestrations(hub), template.id, NOW))
    assert hub.started == [("delete_template", instance)] * 2


def test_a_deletion_that_has_just_ended_is_not_started_anew(template: TemplateRecord) -> None:
    class Ending(TaskHub):
        async def get_status(self, instance_id: str) -> Status | None:
            """End the deletion between the request's mark and its look at the orchestration."""
            if self.started and instance_id == self.started[0][1]:
                documents().delete(Templates.path(template.id))
                self.instances[instance_id] = OrchestrationRuntimeStatus.Completed
            return await super().get_status(instance_id)

    hub = Ending()
    for _ in range(2):
        asyncio.run(delete_template(DurableOrchestrations(hub), template.id, NOW))
        assert len(hub.started) == 1


def left(template: TemplateRecord) -> TemplateRecord:
    """Mark a template like a DELETE that dies before it starts the deletion."""
    record = Templates().update(template.id, lambda known: begin_deletion(known, NOW))
    assert record is not None
    return record


def test_a_deletion_that_was_never_started_is_started_by_the_next_look_and_by_the_timer(
    template: TemplateRecord,
) -> None:
    run = claimed(template, Phase.PLAN)
    record = left(template)
    instance = delete_instance(record)

    hub = TaskHub({run.instance_id: OrchestrationRuntimeStatus.Running})
    assert reconciled(hub, template).provisioning_state is ProvisioningState.DELETING
    assert hub.started == [("delete_template", instance)]
    assert [name for _, name, _ in hub.events] == ["cancel"]

    hub = TaskHub()
    asyncio.run(reconcile_all(DurableOrchestrations(hub), NOW + timedelta(seconds=30)))
    assert ("delete_template", instance) not in hub.started, "its request may be about to start it"
    asyncio.run(reconcile_all(DurableOrchestrations(hub), NOW + timedelta(minutes=2)))
    assert ("delete_template", instance) in hub.started


@pytest.mark.parametrize("state", [OrchestrationRuntimeStatus.Terminated, OrchestrationRuntimeStatus.Completed])
def test_a_deletion_that_ended_without_a_word_is_failed_and_can_be_asked_for_again(
    template: TemplateRecord, state: OrchestrationRuntimeStatus
) -> None:
    instance = delete_instance(left(template))
    hub = TaskHub({instance: state})

    ended = reconciled(hub, template)

    assert ended.provisioning_state is ProvisioningState.FAILED
    assert ended.deletion_error is not None
    assert present(ended).state is ProvisioningState.SUCCEEDED, "its submission was good"
    asyncio.run(delete_template(DurableOrchestrations(hub), template.id, NOW))
    assert hub.started == [("delete_template", instance)]
    assert Templates().require(template.id).deletion_error is None


def test_one_template_that_cannot_be_seen_to_costs_the_others_nothing(template: TemplateRecord) -> None:
    newer = put(template.id, template_body("other"))
    poisoned = f"templates/{template.id.key}-poisoned.json"
    documents().create(poisoned, Poisoned())
    hub = TaskHub()
    try:
        asyncio.run(reconcile_all(DurableOrchestrations(hub), NOW + timedelta(minutes=2)))
    finally:
        documents().delete(poisoned)

    assert ("submit_template", submit_instance(newer)) in hub.started


def test_templates_that_nothing_is_under_way_of_are_not_read(template: TemplateRecord) -> None:
    assert template.id.key not in set(Templates().under_way())
    put(template.id, template_body("other"))
    assert template.id.key in set(Templates().under_way())


def test_health_tells_at_once_of_a_deletion_that_nobody_works_on(template: TemplateRecord) -> None:
    left(template)
    hub = DurableOrchestrations(TaskHub())

    def lost(after: timedelta) -> list[str]:
        found = asyncio.run(find_lost(hub, NOW + after)).templates
        return [each.what for each in found if each.template == template.id]

    assert lost(timedelta(seconds=5)) == []
    assert lost(timedelta(minutes=1)) == ["deletion"]


def test_a_deletion_cancels_the_run(template: TemplateRecord) -> None:
    hub = TaskHub()
    run = start(hub, template)
    asyncio.run(delete_template(DurableOrchestrations(hub), template.id, NOW))
    assert [(instance, name) for instance, name, _ in hub.events] == [(run.instance_id, "cancel")]
    assert Runs().require(template.id, run.run_id).state is RunState.CANCELING


def reconciled(hub: TaskHub, template: TemplateRecord) -> TemplateRecord:
    return asyncio.run(reconcile(DurableOrchestrations(hub), Templates().require(template.id), NOW))


def test_a_submission_that_was_stored_but_not_started_is_started_by_the_next_look(template: TemplateRecord) -> None:
    newer = put(template.id, template_body("other"))
    hub = TaskHub()
    for _ in range(2):
        assert reconciled(hub, template) == newer
    assert hub.started == [("submit_template", submit_instance(newer))]


def test_a_submission_whose_orchestration_broke_is_ended_as_failed(template: TemplateRecord) -> None:
    newer = put(template.id, template_body("other"))
    hub = TaskHub({submit_instance(newer): OrchestrationRuntimeStatus.Failed})
    ended = reconciled(hub, template)
    assert ended.provisioning_state is ProvisioningState.FAILED
    assert ended.provisioning_error is not None
    assert ended.provisioning_error.code == "ServerError"
    assert put(template.id, template_body("other")).version == newer.version + 1


def test_a_submission_that_settled_since_it_was_looked_at_stays_as_it_settled(template: TemplateRecord) -> None:
    newer = put(template.id, template_body("other"))
    Templates().update(template.id, lambda known: settle(known, newer.version, NOW, None))
    hub = TaskHub({submit_instance(newer): OrchestrationRuntimeStatus.Completed})
    seen = asyncio.run(reconcile(DurableOrchestrations(hub), newer, NOW))
    assert seen.provisioning_state is ProvisioningState.SUCCEEDED


def test_a_run_that_a_submission_is_about_to_start_is_left_to_it(template: TemplateRecord) -> None:
    claimed(template, starter=submit_instance(template))
    hub = TaskHub({submit_instance(template): OrchestrationRuntimeStatus.Running})
    with pytest.raises(Conflict, match="is Running"):
        start(hub, template)
    assert hub.started == []


def test_a_lost_run_is_started_and_yet_no_answer_to_who_asks_for_another(template: TemplateRecord) -> None:
    lost = claimed(template)
    hub = TaskHub()

    def other(record: TemplateRecord) -> RunRecord:
        return new_run(record, NOW, "00000002", overrides={"tags": {}})

    with pytest.raises(Conflict, match=lost.run_id):
        asyncio.run(start_run(DurableOrchestrations(hub), template.id, run_id(NOW, "00000002"), other))
    assert hub.started == [("build_image", lost.instance_id)]


def test_a_deletion_does_not_wait_for_a_submission_that_nobody_works_on(template: TemplateRecord) -> None:
    newer = put(template.id, template_body("other"))
    hub = TaskHub()
    asyncio.run(delete_template(DurableOrchestrations(hub), template.id, NOW))
    assert Templates().require(template.id).settled == newer.version
    assert [name for name, _ in hub.started] == ["delete_template"]


def test_a_deletion_waits_for_a_submission_that_is_going(template: TemplateRecord) -> None:
    newer = put(template.id, template_body("other"))
    hub = TaskHub({submit_instance(newer): OrchestrationRuntimeStatus.Running})
    asyncio.run(delete_template(DurableOrchestrations(hub), template.id, NOW))
    assert Templates().require(template.id).settled < newer.version


def test_many_puts_at_once_make_versions_one_after_another(template: TemplateRecord) -> None:
    async def all_at_once() -> list[TemplateRecord]:
        bodies = [template_body(f"does {number}") for number in range(5)]
        return await asyncio.gather(*(asyncio.to_thread(put, template.id, body) for body in bodies))

    made = asyncio.run(all_at_once())
    assert sorted(record.version for record in made) == [2, 3, 4, 5, 6]
    now = Templates().require(template.id)
    kept = {number: Versions().require(now, number).body for number in range(1, now.version + 1)}
    assert kept == {1: template.body} | {record.version: record.body for record in made}


def test_what_an_earlier_template_of_the_name_left_behind_is_not_shown(template: TemplateRecord) -> None:
    trigger = TriggerRecord(template=template.id, name="t", kind="SourceImage", body={}, created=NOW, changed=NOW)
    Triggers().put(trigger)
    Versions().keep(template)
    assert [each.name for each in Triggers().list(template)] == ["t"]
    anew = template.model_copy(update={"created": NOW + timedelta(days=1), "changed": NOW + timedelta(days=1)})
    newer = anew.model_copy(update={"version": 2})
    assert list(Triggers().list(anew)) == []
    assert Versions().get(newer, 1) is None
    Versions().keep(anew)
    kept = Versions().get(newer, 1)
    assert kept is not None
    assert kept.since == anew.changed


def test_nothing_of_a_template_outlives_it(template: TemplateRecord) -> None:
    Triggers().put(TriggerRecord(template=template.id, name="t", kind="SourceImage", body={}, created=NOW, changed=NOW))
    Versions().keep(template)
    Runs().create(new_run(template, NOW, "00000001"))
    Runs().delete_all(template.id, lambda: True)
    assert list(documents().paths(f"versions/{template.id.key}/")) == []
    assert list(documents().paths(f"triggers/{template.id.key}/")) == []
    assert list(documents().paths(f"runs/{template.id.key}/")) == []
