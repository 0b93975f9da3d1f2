"""Requests that die or meet half-way: no run is lost, started twice or stuck, whatever the order of the steps."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus

from kiln.errors import Conflict
from kiln.ids import TemplateId
from kiln.runs.record import Phase, ProvisioningState, RunRecord, RunState, TemplateRecord
from kiln.runs.store import Runs, Templates
from kiln.runs.transitions import enter
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.contract.kiln_api.task_hub import TaskHub
from triggers.end_run import cancel_current_run, delete_template
from triggers.orchestrations import Orchestrations
from triggers.start_run import queued, start_run
from triggers.submit import Submission, submit

pytestmark = pytest.mark.usefixtures("azure_environment")

NOW = datetime(2026, 11, 22, 2, 21, 12, tzinfo=UTC)


@pytest.fixture
def template() -> TemplateRecord:
    name = TemplateId(subscription=SUBSCRIPTION, group=f"rg-{uuid.uuid4().hex[:12]}", name="web")
    stored, _ = submit(Templates(), Submission(template=name, body=template_body(), at=NOW), "3f9c8a1b")
    return stored.content


def claimed(template: TemplateRecord, *phases: Phase) -> RunRecord:
    """Store a run as the template's, as a request does that dies before it starts the orchestration."""
    run = queued(template, NOW, "00000001")
    for phase in phases:
        run = enter(run, phase, NOW)
    Runs().create(run)
    Templates().update(template.id, lambda known: known.model_copy(update={"run_id": run.run_id}))
    return run


def start(hub: TaskHub, template: TemplateRecord) -> RunRecord:
    return asyncio.run(start_run(Orchestrations(hub), template.id, NOW))


def cancel(hub: TaskHub, template: TemplateRecord) -> RunRecord | None:
    return asyncio.run(cancel_current_run(Orchestrations(hub), Templates().require(template.id), NOW))


def test_a_run_that_was_stored_but_not_started_is_started_by_the_next_request(template: TemplateRecord) -> None:
    hub, lost = TaskHub(), claimed(template)
    assert start(hub, template) == lost
    assert hub.started == [("build_image", lost.instance_id)]


def test_a_run_that_no_template_points_to_does_not_matter(template: TemplateRecord) -> None:
    orphan = queued(template, NOW, "00000001")
    Runs().create(orphan)
    hub = TaskHub()
    run = start(hub, template)
    assert run.run_id != orphan.run_id
    assert hub.started == [("build_image", run.instance_id)]


def test_many_requests_at_once_start_one_run(template: TemplateRecord) -> None:
    hub = TaskHub()

    async def all_at_once() -> list[RunRecord | BaseException]:
        requests = [start_run(Orchestrations(hub), template.id, NOW) for _ in range(6)]
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
        await cancel_current_run(Orchestrations(hub), Templates().require(template.id), NOW)

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


def test_a_run_whose_orchestration_broke_can_be_canceled_and_says_what_to_look_for(template: TemplateRecord) -> None:
    run = claimed(template, Phase.PLAN, Phase.STAGE)
    hub = TaskHub({run.instance_id: OrchestrationRuntimeStatus.Terminated})
    with pytest.raises(Conflict, match="cancel it"):
        start(hub, template)

    canceled = cancel(hub, template)
    assert canceled is not None
    assert canceled.state is RunState.CANCELED
    assert template.staging_group in canceled.message
    assert start(hub, template).run_id != run.run_id


def test_a_template_is_deleted_by_one_orchestration_that_is_started_anew_when_it_broke(
    template: TemplateRecord,
) -> None:
    hub = TaskHub()
    for _ in range(2):
        asyncio.run(delete_template(Orchestrations(hub), template.id, NOW))
    assert [name for name, _ in hub.started] == ["delete_template"]
    assert Templates().require(template.id).provisioning_state is ProvisioningState.DELETING
    with pytest.raises(Conflict, match="being deleted"):
        start(hub, template)

    (_, instance) = hub.started[0]
    hub.instances[instance] = OrchestrationRuntimeStatus.Failed
    asyncio.run(delete_template(Orchestrations(hub), template.id, NOW))
    assert hub.started == [("delete_template", instance)] * 2


def test_a_deletion_that_has_just_ended_is_not_started_anew(template: TemplateRecord) -> None:
    hub = TaskHub()
    asyncio.run(delete_template(Orchestrations(hub), template.id, NOW))
    (_, instance) = hub.started[0]
    hub.instances[instance] = OrchestrationRuntimeStatus.Completed
    asyncio.run(delete_template(Orchestrations(hub), template.id, NOW))
    assert len(hub.started) == 1


def test_a_deletion_cancels_the_run(template: TemplateRecord) -> None:
    hub = TaskHub()
    run = start(hub, template)
    asyncio.run(delete_template(Orchestrations(hub), template.id, NOW))
    assert [(instance, name) for instance, name, _ in hub.events] == [(run.instance_id, "cancel")]
    assert Runs().require(template.id, run.run_id).state is RunState.CANCELING
