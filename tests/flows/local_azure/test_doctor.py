"""The doctor against the local Azure: each finding provoked once, with its fix, and none where nothing is wrong."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import orchestrators
from devkit.host.testing import FlowRunner, VirtualClock
from kiln.automation.pending_events import AllPendingEvents, PendingEvent, take
from kiln.azure_roles import LOOKUPS
from kiln.config import config
from kiln.doctor.contracts import ExamineRequest
from kiln.doctor.findings import Area, Finding, Health, Severity
from kiln.doctor.latest_health import LatestHealth
from kiln.events.cloud_events import CloudEvent
from kiln.events.drain import drain, keep_events
from kiln.events.event_types import EventType
from kiln.events.outbox import Outboxes, claim
from kiln.ids import RunRef
from kiln.runs.ledger import LedgerEntry
from kiln.runs.ledgers import Ledgers
from kiln.runs.new_run import new_run
from kiln.runs.record import RunCause, RunState, TriggerRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import finish
from kiln.runs.triggers import Triggers
from kiln.sweep.contracts import LostRun, LostTemplate
from kiln.sweep.leftovers import Leftovers
from kiln.sweep.models import SweepReport
from kiln.sweep.report import LatestSweep
from tests.app_settings import set_settings
from tests.flows.local_azure.kiln import GROUP, SUBSCRIPTION, Kiln, gallery, put_disk, real_activities, template
from tests.own_clients import own_clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devkit.local.in_process import InProcessAzure

NOW = datetime.now(UTC).replace(microsecond=0)
SUBSCRIPTION_ID = f"/subscriptions/{SUBSCRIPTION}"
TOPIC = "/eventgrid/topics/none/api/events"
ALL = {"actions": ["*"], "dataActions": ["*"]}


@pytest.fixture(autouse=True)
def environment(local_azure: InProcessAzure, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """A Kiln of its own, with a topic that answers, and a caller who may do everything after the test."""
    settings = local_azure.environment(f"dr{uuid.uuid4().hex[:12]}")
    with own_clients({**settings, "KILN_TOPIC_ENDPOINT": f"{local_azure.url}{TOPIC}"}):
        yield monkeypatch
    allow(local_azure)


def examine(lost: ExamineRequest | None = None, at: datetime = NOW) -> Health:
    """Examine and return the findings."""
    runner = FlowRunner(list(orchestrators.blueprints), real_activities(), VirtualClock(at))
    request = (lost or ExamineRequest()).model_dump(mode="json")
    result = runner.run("examine", request, instance_id="examine")
    assert result.status == "Completed", result.error
    health = LatestHealth().latest()
    assert health is not None
    assert health.at == at
    return health


def only(health: Health) -> Finding:
    (finding,) = health.findings
    return finding


def allow(azure: InProcessAzure, *permissions: tuple[str, dict[str, Any]]) -> None:
    """Set the permissions of Kiln's identity by scope; without any, everything is allowed."""
    body = [{"scope": scope, "permissions": [permission]} for scope, permission in permissions]
    httpx.put(f"{azure.http_url}/_local/permissions", json=body).raise_for_status()


def trigger(kiln: Kiln, name: str, kind: str, **settings: Any) -> TriggerRecord:
    body = {"properties": {"kind": kind, **settings}}
    made = NOW - timedelta(days=2)
    return Triggers().put(
        TriggerRecord(template=kiln.id, name=name, kind=kind, body=body, created=kiln.template.created, changed=made)
    )


def failed_run(kiln: Kiln, by: str, minutes: int) -> None:
    now = NOW - timedelta(minutes=minutes)
    run = new_run(kiln.template, now, uuid.uuid4().hex[:8], cause=RunCause(trigger=by))
    Runs().create(finish(run, RunState.FAILED, now, "no", None, ()))


def test_nothing_is_wrong_with_a_template_that_can_be_built(kiln: Callable[..., Kiln]) -> None:
    kiln(template())

    health = examine()

    assert health.findings == ()
    texts = [fact.text for fact in health.facts]
    assert any(re.fullmatch(r"westeurope: \d+ of 100 processors of standardDDSv4Family .*", text) for text in texts)
    assert any(text.startswith("Kiln's identity has the permissions for") for text in texts)


def test_a_leftover_is_told_with_its_age_and_what_it_costs_and_why_it_is_still_there(kiln: Callable[..., Kiln]) -> None:
    left = kiln(template())
    disk, mark = f"{GROUP}/providers/Microsoft.Compute/disks/kiln-left", {"kilnMark": "0123456789abcdef-run"}
    put_disk(disk, mark)
    over = new_run(left.template, NOW, "00000000")
    Runs().create(over)
    run = RunRef(template=left.id, run_id=over.run_id)
    Ledgers().record(run.template, run.run_id, LedgerEntry(kind="disk", id=disk, tier=0, mark=mark))
    Runs().delete(run.template, run.run_id)
    Leftovers().keep(run, NOW - timedelta(hours=5))

    finding = only(examine())
    assert (finding.area, finding.severity, finding.target) == (Area.LEFTOVERS, Severity.WARNING, disk)
    assert finding.since == NOW - timedelta(hours=5)
    assert finding.cost == "by its size, every month"
    assert "kiln doctor --sweep" in finding.fix

    left.fault(method="DELETE", path="*/disks/kiln-left", status=409, code="ScopeLocked", message="a lock", times=0)
    runner = FlowRunner(list(orchestrators.blueprints), real_activities(), VirtualClock(NOW))
    assert runner.run("sweep", {"lost": []}, instance_id="sweep").status == "Completed"
    finding = only(examine())
    assert finding.severity is Severity.ERROR
    assert "ScopeLocked" in finding.message
    assert f"az resource delete --ids {disk}" in finding.fix


def test_a_sweeper_that_does_not_run_is_told(kiln: Callable[..., Kiln]) -> None:
    kiln(template())
    LatestSweep().keep(SweepReport(began=NOW - timedelta(days=3), ended=NOW - timedelta(days=3)))

    assert "sweep_leftovers" in only(examine()).fix


def test_a_sweeper_that_never_ran_is_told_once_there_was_time_for_it(kiln: Callable[..., Kiln]) -> None:
    new = kiln(template())

    health = examine()
    assert health.findings == ()
    assert "No sweep has ended yet." in [fact.text for fact in health.facts]

    made = NOW - timedelta(days=3)
    Templates().update(new.id, lambda known: known.model_copy(update={"created": made}))
    finding = only(examine())
    assert (finding.target, finding.since) == ("KILN_SWEEP_SCHEDULE", made)
    assert "sweep_leftovers" in finding.fix


def test_runs_and_templates_that_nobody_works_on_are_told(kiln: Callable[..., Kiln]) -> None:
    lost = kiln(template())
    run, _ = lost.start_build()
    broken = "failed or terminated"
    request = ExamineRequest(
        runs=(LostRun(run=RunRef(template=lost.id, run_id=run.run_id), status=broken),),
        templates=(LostTemplate(template=lost.id, what="submission", status=broken),),
    )

    first, second = examine(request).findings

    assert first.target == f"{lost.id.arm}/runs/{run.run_id}"
    assert first.since == run.requested
    assert "Running" in first.message
    assert second.target == lost.id.arm
    assert "Creating" in second.message


def test_triggers_that_fail_are_deactivated_or_late_are_told_and_the_next_one_that_is_due(
    kiln: Callable[..., Kiln],
) -> None:
    watched = kiln(template())
    trigger(watched, "deactivated", "Webhook", failureLimit=1)
    trigger(watched, "failing", "Webhook", failureLimit=5)
    trigger(watched, "unreadable", "Webhook", nonsense=True)
    nightly = trigger(watched, "nightly", "Schedule", schedule="0 3 * * *")
    failed_run(watched, "deactivated", 30)
    failed_run(watched, "failing", 20)
    since = NOW - timedelta(hours=2)
    AllPendingEvents().set(nightly, since)
    pending_events = AllPendingEvents().get(watched.id, nightly.name)
    assert pending_events is not None
    AllPendingEvents().change(pending_events, lambda known: take(known, PendingEvent(id="a", at=since), NOW))

    health = examine()

    found = {each.target.rsplit("/", 1)[1]: each for each in health.findings}
    assert set(found) == {"deactivated", "failing", "nightly", "unreadable"}
    assert found["deactivated"].severity is Severity.ERROR
    assert found["failing"].severity is Severity.WARNING
    assert "After 5" in found["failing"].message
    assert found["nightly"].since == since
    assert "properties.nonsense" in found["unreadable"].message
    (due,) = [fact.text for fact in health.facts if "due" in fact.text]
    assert "03:00 UTC" in due
    assert due.endswith(f"{watched.id.name}/nightly.")


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ("Standard_NC24ads_A100_v4", "NotAvailableForSubscription"),
        ("Standard_D2s_v1", "westeurope has no such size"),
    ],
)
def test_a_size_that_cannot_be_had_is_told_with_its_templates(kiln: Callable[..., Kiln], size: str, said: str) -> None:
    wants = kiln(template(vmProfile={"vmSize": size}))

    finding = only(examine())

    assert (finding.area, finding.target) == (Area.QUOTA, wants.id.arm)
    assert said in finding.message
    assert "vmProfile.vmSize" in finding.fix


def test_an_action_that_is_lacking_is_told_with_its_scope_and_the_role_that_has_it(
    kiln: Callable[..., Kiln], local_azure: InProcessAzure
) -> None:
    kiln(template())
    less = {**ALL, "notActions": ["Microsoft.Compute/disks/delete", "Microsoft.Network/*/join/action"]}
    allow(local_azure, (SUBSCRIPTION_ID, less))

    finding = only(examine())

    assert (finding.area, finding.target) == (Area.PERMISSIONS, SUBSCRIPTION_ID)
    assert finding.details == (
        "Microsoft.Compute/disks/delete",
        "Microsoft.Network/networkInterfaces/join/action",
        "Microsoft.Network/networkSecurityGroups/join/action",
        "Microsoft.Network/virtualNetworks/subnets/join/action",
    )
    assert f'--role "Kiln staging <hash>" --scope {SUBSCRIPTION_ID}' in finding.fix


def test_a_group_is_asked_where_the_subscription_is_not_enough(
    kiln: Callable[..., Kiln], local_azure: InProcessAzure
) -> None:
    kiln(template(stagingResourceGroup=GROUP, distribute=[gallery()]), staging_group="rg-images")
    allow(local_azure, (SUBSCRIPTION_ID, {"actions": sorted(LOOKUPS)}), (GROUP, {"actions": ["*"]}))

    finding = only(examine())

    assert finding.target == GROUP.lower()
    assert "'Storage Blob Data Contributor'" in finding.message
    assert all("/blobs/" in each for each in finding.details)


def test_a_subscription_where_kiln_may_not_even_ask_is_told_with_the_role_that_lets_it(
    kiln: Callable[..., Kiln],
) -> None:
    kiln(template()).fault(
        method="GET",
        path=f"{SUBSCRIPTION_ID}/providers/Microsoft.Authorization/permissions",
        status=403,
        code="AuthorizationFailed",
        message="no",
        times=0,
    )

    finding = only(examine())

    assert (finding.area, finding.target) == (Area.PERMISSIONS, SUBSCRIPTION_ID)
    assert f'--role "Kiln lookups <hash>" --scope {SUBSCRIPTION_ID}' in finding.fix
    assert f"Kiln staging at {SUBSCRIPTION_ID}" in finding.details


def test_settings_that_are_missing_odd_or_not_answered_are_told(
    kiln: Callable[..., Kiln], environment: pytest.MonkeyPatch
) -> None:
    kiln(template())
    set_settings(
        environment,
        **dict.fromkeys(("KILN_AUTH_AUDIENCES", "KILN_REACH", "KILN_GRANTS")),
        KILN_AUTH_AUTHORITY="http://nobody",
        KILN_SWEEP_SCHEDULE="at noon",
        KILN_OUTBOX_SCHEDULE="*/30 * * * * *",
        KILN_GRANT="[]",
        KILN_TOPIC_ENDPOINT="https://127.0.0.1:1/api/events",
    )

    found = {each.target: each for each in examine().findings}

    assert set(found) == {
        "KILN_AUTH_AUDIENCES",
        "KILN_AUTH_AUTHORITY",
        "KILN_GRANT",
        "KILN_REACH",
        "KILN_SWEEP_SCHEDULE",
        "KILN_TOPIC_ENDPOINT",
    }
    assert "KILN_GRANTS" in found["KILN_GRANT"].fix
    assert "refused" in found["KILN_TOPIC_ENDPOINT"].message


def failing_events(kiln: Kiln) -> None:
    """Let the topic refuse a run's events once, so that they wait."""
    run = RunRef(template=kiln.id, run_id="20260101-000000-00000000")
    event = CloudEvent(
        id="1", source=kiln.id.arm, type=EventType.BUILD_STARTED, subject=run.run_id, time=NOW, data={"a": "b"}
    )
    kiln.fault(method="POST", path=TOPIC, status=503, times=1)
    keep_events(run, event)
    assert drain(run) is not None


@pytest.mark.parametrize("status", [401, 403])
def test_a_topic_that_refuses_kilns_identity_is_told_with_the_role_to_give(
    kiln: Callable[..., Kiln], status: int
) -> None:
    new = kiln(template())
    failing_events(new)
    new.fault(method="POST", path=TOPIC, status=status, message="no right", times=0)

    finding = only(examine())

    assert (finding.area, finding.target) == (Area.SETTINGS, "KILN_TOPIC_ENDPOINT")
    assert "events of 1 runs, because it refuses Kiln's identity: " in finding.message
    assert "no right" in finding.message
    assert '--role "EventGrid Data Sender" --scope "<id of the topic>"' in finding.fix
    assert "Microsoft.EventGrid/events/send/action" in finding.fix
    assert f"[?endpoint=='{config().topic_endpoint}'].id" in finding.fix


def test_a_topic_that_fails_otherwise_is_told_with_its_answer_and_without_a_role(kiln: Callable[..., Kiln]) -> None:
    new = kiln(template())
    failing_events(new)
    new.fault(method="POST", path=TOPIC, status=503, message="too busy", times=0)

    finding = only(examine())

    assert "too busy" in finding.message
    assert "az role" not in finding.fix


def test_events_that_are_taken_by_now_are_no_finding(kiln: Callable[..., Kiln]) -> None:
    new = kiln(template())
    failing_events(new)
    new.fault(method="POST", path=TOPIC, body="", times=0)

    assert examine().findings == ()


def test_events_that_another_host_tries_to_publish_are_left_to_it(kiln: Callable[..., Kiln]) -> None:
    failing_events(kiln(template()))
    (box,) = Outboxes().list()
    stored = Outboxes().get(box.run)
    assert stored is not None
    Outboxes().change(stored, lambda found: claim(found, "another", datetime.now(UTC)))

    finding = only(examine())

    assert "another instance" in finding.message
    assert "az role" not in finding.fix


def test_what_cannot_be_looked_at_is_a_finding_and_the_rest_is_looked_at(kiln: Callable[..., Kiln]) -> None:
    kiln(template()).fault(
        method="GET", path="*/locations/*/usages", status=403, code="AuthorizationFailed", message="no", times=0
    )

    finding = only(examine())

    assert finding.area is Area.QUOTA
    assert "AuthorizationFailed" in finding.message
