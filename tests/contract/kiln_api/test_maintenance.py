"""Lost runs are found by asking the task hub; a sweep and an examination are asked for over HTTP."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.durable_functions import OrchestrationRuntimeStatus as Status

from kiln.doctor import latest_health, runs, triggers
from kiln.doctor.contracts import ExamineRequest
from kiln.doctor.findings import Area, Finding, Health, Severity
from kiln.doctor.latest_health import LatestHealth
from kiln.errors import StorageUnavailable
from kiln.ids import TemplateId
from kiln.lifecycle.lost import Lost, find_lost, reconcile_lost, start_again
from kiln.lifecycle.maintenance import EXAMINE_INSTANCE, SWEEP_INSTANCE, start_sweep
from kiln.rebuild.dependents import Dependents
from kiln.rebuild.index import repair
from kiln.runs.documents import documents
from kiln.runs.ledger import LedgerEntry
from kiln.runs.naming import delete_instance, submit_instance
from kiln.runs.new_run import new_run
from kiln.runs.record import Phase, ProvisioningState, RunRecord, TemplateRecord, TriggerRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import enter_phase, request_cancel, settle
from kiln.runs.triggers import Triggers
from kiln.sweep import report, search
from kiln.sweep.models import GRACE, Leftover, SweepReport, Undeleted
from kiln.sweep.report import LatestSweep
from tests.authority import ME
from tests.contract.kiln_api.conftest import SUBSCRIPTION, template_body
from tests.contract.kiln_api.in_process import AUTHORITY, Api
from tests.contract.kiln_api.task_hub import TaskHub
from tests.own_clients import own_clients
from tests.poison import WORD, poisoned
from triggers.orchestrations import DurableOrchestrations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure
    from kiln.lifecycle.orchestrations import RuntimeStatus

NOW = datetime(2026, 11, 22, 2, 21, 12, tzinfo=UTC)
LATER = NOW + GRACE
HEALTH = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.VirtualMachineImages/health"
SWEEP = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.VirtualMachineImages/sweep"


@pytest.fixture(autouse=True)
def _own_state(local_azure: InProcessAzure) -> Iterator[None]:
    with own_clients(local_azure.environment(f"up{uuid.uuid4().hex[:12]}")):
        yield


def template(state: ProvisioningState = ProvisioningState.SUCCEEDED) -> TemplateRecord:
    name = TemplateId(subscription=SUBSCRIPTION, group="rg", name=f"web-{uuid.uuid4().hex[:8]}")
    record = TemplateRecord(id=name, body=template_body(), created=NOW, changed=NOW, staging_group=f"IT_{name.name}")
    if state is ProvisioningState.SUCCEEDED:
        record = settle(record, 1, NOW, None)
    record = record.model_copy(update={"provisioning_state": state})
    Templates().create(record)
    return record


def running(record: TemplateRecord, *, begun: bool = True, starter: str | None = None) -> RunRecord:
    run = new_run(record, NOW, "00000001", starter=starter)
    run = enter_phase(run, Phase.PLAN, NOW) if begun else run
    Runs().create(run)
    Templates().update(record.id, lambda known: known.model_copy(update={"run_id": run.run_id}))
    return run


def look(hub: TaskHub, at: datetime = LATER) -> Lost:
    return asyncio.run(find_lost(DurableOrchestrations(hub), at))


@pytest.mark.parametrize("state", [Status.Terminated, Status.Failed, Status.Completed, None])
def test_a_run_whose_orchestration_is_over_or_gone_is_lost_once_it_is_old_enough(state: Status | None) -> None:
    hub, run = TaskHub(), running(template())
    if state is not None:
        hub.instances[run.instance_id] = state

    assert look(hub, LATER - timedelta(seconds=1)) == Lost()
    (found,) = look(hub).runs
    assert found.run.run_id == run.run_id


def test_a_run_whose_orchestration_is_going_is_not_lost() -> None:
    hub, run = TaskHub(), running(template())
    hub.instances[run.instance_id] = Status.Running

    assert look(hub, NOW + timedelta(days=30)) == Lost()


def test_a_run_that_never_began_is_started_unless_another_orchestration_is_going_to() -> None:
    hub = TaskHub()
    by_hand = running(template(), begun=False)
    automatic = running(template(), begun=False, starter="submit-1")
    caused = running(template(), begun=False, starter="rebuild-1")
    hub.instances |= {"submit-1": Status.Running, "rebuild-1": Status.Running}
    unstarted = look(hub).unstarted
    assert [each.run.template for each in unstarted] == [by_hand.template]

    asyncio.run(start_again(DurableOrchestrations(hub), unstarted))
    assert hub.started == [("build_image", by_hand.instance_id)]
    assert look(hub) == Lost()

    hub.instances["rebuild-1"] = Status.Failed
    assert [each.run.template for each in look(hub).unstarted] == [caused.template]
    hub.instances["submit-1"] = Status.Completed
    assert {each.run.template for each in look(hub).unstarted} == {caused.template, automatic.template}


def test_a_run_that_cannot_be_started_keeps_no_other_from_it() -> None:
    hub = TaskHub()
    gone, good = running(template(), begun=False), running(template(), begun=False)
    unstarted = look(hub).unstarted
    documents().delete(Templates.path(gone.template))

    asyncio.run(start_again(DurableOrchestrations(hub), unstarted))
    assert hub.started == [("build_image", good.instance_id)]


def test_a_run_that_was_canceled_before_it_began_is_lost() -> None:
    hub, run = TaskHub(), running(template(), begun=False)
    Runs().update(run.template, run.run_id, request_cancel)
    found = look(hub)
    assert [each.run.run_id for each in found.runs] == [run.run_id]
    assert found.unstarted == ()


def test_submissions_and_deletions_without_an_orchestration_are_found_and_fixed() -> None:
    hub = TaskHub()
    never, broken = template(ProvisioningState.CREATING), template(ProvisioningState.UPDATING)
    leaving = template(ProvisioningState.DELETING)
    Templates().update(leaving.id, lambda known: known.model_copy(update={"settled": known.version}))
    hub.instances |= {submit_instance(broken): Status.Terminated, delete_instance(leaving): Status.Failed}
    lost = look(hub)
    assert {(each.template, each.what) for each in lost.templates} == {
        (never.id, "submission"),
        (broken.id, "submission"),
        (leaving.id, "deletion"),
    }

    asyncio.run(reconcile_lost(DurableOrchestrations(hub), lost.templates, LATER))

    assert hub.started == [("submit_template", submit_instance(never))]
    assert Templates().require(broken.id).provisioning_state is ProvisioningState.FAILED
    ended = Templates().require(leaving.id)
    assert ended.provisioning_state is not ProvisioningState.DELETING
    assert ended.deletion_error is not None
    assert look(hub) == Lost()


def test_what_cannot_be_read_keeps_no_other_lost_run_from_being_found_and_is_told() -> None:
    hub, run, broken = TaskHub(), running(template()), running(template())
    Runs().delete(broken.template, broken.run_id)
    with poisoned(Runs.path(broken.template, broken.run_id), f"templates/{run.template.key}-poisoned.json"):
        found = look(hub)

    assert [each.run.run_id for each in found.runs] == [run.run_id]
    assert broken.template.arm in str(found.problems)
    assert WORD not in str(found.problems)
    findings = runs.examine(ExamineRequest(problems=found.problems)).findings
    assert [each.message for each in findings] == [*found.problems]


def test_an_instance_that_is_asked_about_in_vain_keeps_no_other_from_being_found() -> None:
    hub, run, silent = TaskHub(), running(template()), running(template())
    orchestrations = DurableOrchestrations(hub)
    status = orchestrations.status

    async def ask(instance_id: str) -> RuntimeStatus:
        if instance_id == silent.instance_id:
            raise RuntimeError("the hub has no answer")
        return await status(instance_id)

    object.__setattr__(orchestrations, "status", ask)
    found = asyncio.run(find_lost(orchestrations, LATER))

    assert [each.run.template for each in found.runs] == [run.template]
    assert silent.template.arm in str(found.problems)


def test_a_sweep_goes_by_what_can_be_read_and_names_what_cannot(caplog: pytest.LogCaptureFixture) -> None:
    record = template()
    hidden = f"templates/{record.id.key}-poisoned.json"

    with poisoned(hidden, "leftovers/a/a/a/a.json", report.PATH, latest_health.PATH):
        found = search.find_leftovers(LATER)
        assert LatestHealth().latest() is None
        LatestSweep().keep(SweepReport(began=NOW, ended=LATER))
        assert LatestSweep().latest() == SweepReport(began=NOW, ended=LATER)
        LatestHealth().keep(Health(at=NOW))
        assert LatestHealth().latest() == Health(at=NOW)

    assert hidden in str(found.problems)
    assert all(path in caplog.text for path in ("leftovers/a/a/a/a.json", report.PATH, latest_health.PATH))
    assert WORD not in str(found.problems) + caplog.text


def test_an_index_that_lacks_several_entries_gets_all_that_can_be_read() -> None:
    good, bad = template(), template()
    now = datetime.now(UTC)
    for record in (good, bad):
        body = {"properties": {"kind": "SourceImage"}}
        Triggers().put(
            TriggerRecord(template=record.id, name="source", kind="SourceImage", body=body, created=now, changed=now)
        )
    documents().delete(Templates.path(bad.id))

    with poisoned(Templates.path(bad.id)):
        assert repair(now) == 1

    assert [name for _, name in Dependents().names()] == [f"{good.id.key}/source"]


def test_a_trigger_that_cannot_be_read_keeps_no_other_from_being_looked_at() -> None:
    record, now = template(), datetime.now(UTC)
    body = {"properties": {"kind": "Schedule", "schedule": "0 3 * * *"}}
    Triggers().put(
        TriggerRecord(template=record.id, name="nightly", kind="Schedule", body=body, created=now, changed=now)
    )

    with poisoned(f"triggers/{record.id.key}/broken.json"):
        found = triggers.examine(now)

    assert found.findings == ()  # tests/contract/kiln_api/test_examined_documents.py tests what is told of it
    assert "1 triggers are switched on." in {fact.text for fact in found.facts}


def test_lists_and_the_graph_show_all_others_when_one_template_cannot_be_read() -> None:
    good, bad, api = template(), template(), Api(TaskHub())
    documents().delete(Templates.path(bad.id))
    place = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.VirtualMachineImages"

    with poisoned(Templates.path(bad.id)):
        listed = api("GET", f"{place}/imageTemplates").body["value"]
        nodes = api("GET", f"{place}/imageGraph").body["nodes"]

    states = {each["name"]: each["properties"]["provisioningState"] for each in listed}
    assert states == {good.id.name: "Succeeded"}
    assert good.id.arm in {node["id"] for node in nodes}
    assert WORD not in str(listed)


def test_one_sweep_goes_at_a_time() -> None:
    hub, run = TaskHub(), running(template())

    assert asyncio.run(start_sweep(DurableOrchestrations(hub), LATER)) is True
    assert asyncio.run(start_sweep(DurableOrchestrations(hub), LATER)) is False
    hub.instances[SWEEP_INSTANCE] = Status.Completed
    assert asyncio.run(start_sweep(DurableOrchestrations(hub), LATER)) is True

    assert hub.started == [("sweep", SWEEP_INSTANCE)] * 2
    assert not Runs().require(run.template, run.run_id).state.is_final


def test_an_examination_is_started_once_and_its_answer_asked_for_until_it_is_there() -> None:
    api = Api()
    first = api("GET", HEALTH)
    assert first.status == HTTPStatus.ACCEPTED
    assert first.headers["Retry-After"] == "1"
    after = parse_qs(urlsplit(first.headers["Location"]).query)["after"][0]

    assert api("GET", HEALTH, query={"after": after}).status == HTTPStatus.ACCEPTED
    assert api.hub.started == [("examine", EXAMINE_INSTANCE)]

    LatestHealth().keep(Health(at=datetime.fromisoformat(after) - timedelta(seconds=1)))
    assert api("GET", HEALTH, query={"after": after}).status == HTTPStatus.ACCEPTED
    LatestHealth().keep(Health(at=datetime.fromisoformat(after)))
    answer = api("GET", HEALTH, query={"after": after})
    assert (answer.status, answer.body["healthy"], answer.body["findings"]) == (HTTPStatus.OK, True, [])


def test_what_is_in_other_subscriptions_is_not_shown() -> None:
    def finding(target: str) -> Finding:
        return Finding(area=Area.LEFTOVERS, severity=Severity.ERROR, target=target, message="m", fix="m", since=NOW)

    own = f"/subscriptions/{SUBSCRIPTION.upper()}/resourceGroups/rg"
    other = f"/subscriptions/{SUBSCRIPTION[:-1]}2/resourceGroups/rg"
    at = datetime.now(UTC) - timedelta(minutes=1)
    LatestHealth().keep(Health(at=at, findings=(finding(own), finding(other), finding("KILN_REACH"))))
    LatestSweep().keep(SweepReport(began=NOW, ended=NOW))

    answer = Api()("GET", HEALTH, query={"after": at.isoformat()})

    assert [each["target"] for each in answer.body["findings"]] == [own, "KILN_REACH"]
    assert answer.body["latestSweep"]["began"] == "2026-11-22T02:21:12.000Z"


def test_an_admin_of_one_subscription_learns_nothing_of_others() -> None:
    stranger = TemplateId(subscription=f"{SUBSCRIPTION[:-1]}2", group="team-b", name="theirs")
    own = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
    blob = LedgerEntry(kind="vhd", id="https://teamb.blob.core.windows.net/vhds/theirs.vhd", tier=1, purpose="build")
    found = [
        Finding(
            area=area, severity=Severity.ERROR, target=target, message=stranger.arm, fix="m", details=(stranger.arm,)
        )
        for area, target in ((Area.SETTINGS, "KILN_GRANTS"), (Area.LEFTOVERS, blob.id), (Area.LEFTOVERS, stranger.arm))
    ]
    mine = Finding(area=Area.LEFTOVERS, severity=Severity.ERROR, target=own, message="m", fix="m")
    at = datetime.now(UTC) - timedelta(minutes=1)
    LatestHealth().keep(Health(at=at, findings=(*found, mine)))
    leftover = Leftover(entry=blob, why="w", since=NOW)
    LatestSweep().keep(
        SweepReport(began=NOW, ended=NOW, deleted=(leftover,), left=(Undeleted(leftover=leftover, reason="r"),))
    )
    grants = json.dumps([{"principal": ME, "role": "Admin", "scope": f"/subscriptions/{SUBSCRIPTION}"}])

    answer = Api(token=AUTHORITY.token(), settings={"KILN_GRANTS": grants})(
        "GET", HEALTH, query={"after": at.isoformat()}
    )

    assert answer.status == HTTPStatus.OK
    assert [each["target"] for each in answer.body["findings"]] == [own, "settings", "leftovers"]
    assert "team" not in json.dumps(answer.body)
    everything = Api()("GET", HEALTH, query={"after": at.isoformat()}).body
    assert [each["target"] for each in everything["findings"]] == ["KILN_GRANTS", blob.id, own]


def test_a_sweep_is_asked_for_and_the_examination_waits_for_its_end() -> None:
    api = Api()
    swept = api("POST", SWEEP)
    assert swept.status == HTTPStatus.ACCEPTED
    query = {name: values[0] for name, values in parse_qs(urlsplit(swept.headers["Location"]).query).items()}
    assert query["sweep"] == "wait"

    assert api("GET", HEALTH, query=query).status == HTTPStatus.ACCEPTED
    assert api.hub.started == [("sweep", SWEEP_INSTANCE)]

    api.hub.instances[SWEEP_INSTANCE] = Status.Completed
    assert api("GET", HEALTH, query=query).status == HTTPStatus.ACCEPTED
    assert api.hub.started[1:] == [("examine", EXAMINE_INSTANCE)]


def test_a_time_that_is_none_is_refused() -> None:
    answer = Api()("GET", HEALTH, query={"after": "yesterday"})

    assert (answer.status, answer.error["target"]) == (HTTPStatus.BAD_REQUEST, "after")


def test_a_store_that_does_not_answer_is_what_the_doctor_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_: LatestHealth) -> None:
        raise StorageUnavailable("the store does not answer: no route to host")

    monkeypatch.setattr(LatestHealth, "latest", unreachable)

    answer = Api()("GET", HEALTH)

    assert answer.status == HTTPStatus.OK
    (finding,) = answer.body["findings"]
    assert finding["target"] == "KILN_STATE_ENDPOINT"
    assert "no route to host" in finding["message"]
    assert not answer.body["healthy"]
