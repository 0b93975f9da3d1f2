"""The sweeper against the local Azure: real leftovers of every kind are deleted, and what is in use is left alone."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import orchestrators
from devkit.guests.scripted.rules import Rule
from devkit.host.testing import FlowRunner, VirtualClock
from kiln.cloud import clients, groups
from kiln.doctor import leftovers
from kiln.ids import RunRef
from kiln.runs.documents import documents
from kiln.runs.installation import installation
from kiln.runs.ledger import LedgerEntry
from kiln.runs.ledgers import Ledgers
from kiln.runs.record import RunState
from kiln.runs.runs import Runs
from kiln.runs.tags import run_tags
from kiln.runs.templates import Templates
from kiln.runs.transitions import finish, request_cancel
from kiln.sweep.contracts import LostRun, SweepRequest
from kiln.sweep.leftovers import Leftovers
from kiln.sweep.models import GRACE, SweepReport
from kiln.sweep.report import LatestSweep
from tests.flows.local_azure.kiln import STAGED, SUBSCRIPTION, Kiln, managed_image, put_disk, real_activities, template
from tests.own_clients import own_clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devkit.local.in_process import InProcessAzure
    from kiln.runs.record import RunRecord

NOW = datetime.now(UTC)
LATER = NOW + 2 * GRACE


@pytest.fixture(autouse=True)
def _own_state(local_azure: InProcessAzure) -> Iterator[None]:
    """Give each test a new store: a sweep is for the whole of one."""
    with own_clients(local_azure.environment(f"sw{uuid.uuid4().hex[:12]}")):
        yield


def sweep(*lost: LostRun, at: datetime = LATER) -> SweepReport:
    """Sweep at a time and return the report."""
    runner = FlowRunner(list(orchestrators.blueprints), real_activities(), VirtualClock(at))
    result = runner.run("sweep", SweepRequest(lost=lost).model_dump(mode="json"), instance_id="sweep")
    assert result.status == "Completed", result.error
    report = LatestSweep().latest()
    assert report is not None
    return report


def lost(run: RunRecord) -> LostRun:
    return LostRun(run=RunRef(template=run.template, run_id=run.run_id), status="failed or terminated")


def broken_off(kiln: Kiln, at: str = "start_step") -> RunRecord:
    """Build until there is a machine, and let the build stop there, as after a terminate."""
    kiln.submit()
    run, flow = kiln.start_build()
    flow.run_until(lambda: bool(flow.calls_of(at)))
    return run


def kinds(report: SweepReport) -> list[str]:
    return sorted(each.entry.kind for each in report.deleted)


def test_a_lost_run_is_ended_with_all_that_it_made_then_and_later_and_its_template_stays(
    kiln: Callable[..., Kiln],
) -> None:
    left = kiln(template())
    run = broken_off(left)
    assert "virtualmachines" in left.resources()

    report = sweep(lost(run))

    ended = left.run(run.run_id)
    assert ended.state is RunState.FAILED
    assert ended.error is not None
    assert ended.error.code == "RunLost"
    assert "customize" in ended.message
    assert ended.phases[-1].state == "Failed"
    assert left.resources() == STAGED
    assert [(each.run.run_id, each.state) for each in report.runs] == [(run.run_id, RunState.FAILED)]
    assert Ledgers().is_closed(run.template, run.run_id)

    (kept,) = Leftovers().list()
    disk, mark = next((entry.id, entry.mark) for entry in kept.entries if entry.kind == "disk")
    put_disk(disk, mark)  # an operation that was under way when the run was lost
    second = sweep(at=LATER + 2 * GRACE)
    assert disk in {each.entry.id for each in second.deleted}
    assert left.resources() == STAGED
    assert list(Leftovers().list()) == []


def test_a_run_that_ended_by_itself_meanwhile_is_left_as_it_is(kiln: Callable[..., Kiln]) -> None:
    done = kiln(template())
    run, _ = done.start_build()
    Runs().update(done.id, run.run_id, lambda known: finish(known, RunState.SUCCEEDED, NOW, "", None, ()))

    report = sweep(lost(run))

    assert done.run(run.run_id).state is RunState.SUCCEEDED
    assert report.runs == ()
    assert report.deleted == ()


def test_what_could_not_be_deleted_is_tried_again_and_struck_out(kiln: Callable[..., Kiln]) -> None:
    left = kiln(template(distribute=[managed_image(f"left-{uuid.uuid4().hex[:8]}", "northeurope")]))
    left.submit()
    refuse(left, "Microsoft.Compute/snapshots")
    run = left.build()
    assert len(run.leftovers) == 2  # of the disk, and its copy in the image's region

    failed = sweep()
    assert [each.leftover.entry.kind for each in failed.left] == ["snapshot", "snapshot"]
    assert "ScopeLocked" in failed.left[0].reason
    assert failed.left[0].leftover.since == run.ended
    assert left.run(run.run_id).leftovers == run.leftovers

    allow(left)
    assert run.ended is not None
    soon = run.ended + timedelta(minutes=1)
    assert kinds(sweep(at=soon)) == ["snapshot", "snapshot"]
    assert left.run(run.run_id).leftovers == ()
    assert left.resources() == STAGED

    assert leftovers.examine(soon).findings == ()  # one that is gone is no leftover, though it is looked up again
    assert kinds(sweep(at=soon)) == []
    assert [left.run for left in Leftovers().list()] == [RunRef(template=run.template, run_id=run.run_id)]
    assert kinds(sweep(at=LATER + timedelta(hours=1))) == []
    assert list(Leftovers().list()) == []


def test_access_to_a_disk_that_could_not_be_ended_is_ended_before_the_disk_is_deleted(
    kiln: Callable[..., Kiln], local_azure: InProcessAzure
) -> None:
    left = kiln(template(distribute=[{"type": "VHD", "runOutputName": "vhd"}]))
    left.submit()
    with local_azure.faults({"method": "POST", "path": "*/endgetaccess", "times": 0, "operation": "Failed"}):
        run = left.build()
    assert run.state is RunState.SUCCEEDED
    assert len(run.leftovers) == 4  # the access, and so the disk, its machine and the interface

    with local_azure.faults({"method": "DELETE", "path": "*/virtualmachines/*", "times": 0, "status": 403}):
        half = sweep()
    assert kinds(half) == ["disk-access"]
    still = {each.leftover.entry.id for each in half.left}
    assert {text.split(": ")[0] for text in left.run(run.run_id).leftovers} == still

    report = sweep(at=LATER + timedelta(hours=1))
    assert {"disk", "nic", "vm"} <= set(kinds(report))
    assert left.run(run.run_id).leftovers == ()
    assert left.resources() == STAGED


def test_things_of_a_run_that_is_not_known_go_once_they_are_old(kiln: Callable[..., Kiln]) -> None:
    left = kiln(template())
    run = broken_off(left)
    forget(run)

    young = sweep(at=run.requested + GRACE - timedelta(seconds=5))
    assert young.deleted == ()
    assert "virtualmachines" in left.resources()

    report = sweep(at=run.requested + GRACE)
    assert kinds(report) == ["disk", "nic", "vm"]
    assert {each.since for each in report.deleted} == {run.requested.replace(microsecond=0)}
    assert left.resources() == STAGED


def test_a_group_whose_template_is_gone_goes_with_all_in_it_once_it_was_seen_long_enough(
    kiln: Callable[..., Kiln],
) -> None:
    gone = kiln(template())
    gone.submit()
    group = gone.template.staging_group
    Runs().delete_all(gone.id, lambda: True)
    documents().delete(Templates.path(gone.id))

    first = sweep(at=LATER)
    assert first.deleted == ()
    assert set(first.seen.values()) == {LATER}
    assert groups.find(SUBSCRIPTION, group) is not None

    second = sweep(at=LATER + GRACE)
    assert kinds(second) == ["network", "resource-group", "security-group", "storage-account"]
    assert second.deleted[0].since == LATER
    assert groups.find(SUBSCRIPTION, group) is None
    assert second.seen == {}


def test_a_group_of_kilns_own_with_something_of_somebody_elses_stays_and_the_report_says_why(
    kiln: Callable[..., Kiln],
) -> None:
    gone = kiln(template())
    gone.submit()
    group = gone.template.staging_group
    put_security_group(group, "theirs", {})
    Runs().delete_all(gone.id, lambda: True)
    documents().delete(Templates.path(gone.id))

    sweep(at=LATER)
    report = sweep(at=LATER + GRACE)

    assert kinds(report) == ["network", "security-group", "storage-account"]
    (left,) = report.left
    assert f"{group} is not deleted, because it has" in left.reason
    assert "networkSecurityGroups/theirs in it, which Kiln did not make" in left.reason
    found = groups.find(SUBSCRIPTION, group)
    assert found is not None
    assert not found.tags
    content = clients.resources(SUBSCRIPTION).resources.list_by_resource_group(group)
    assert [item.name for item in content] == ["theirs"]
    assert sweep(at=LATER + 2 * GRACE).left == ()


def test_in_a_group_of_somebody_else_what_kiln_made_goes_and_what_it_did_not_stays(kiln: Callable[..., Kiln]) -> None:
    name = f"rg-theirs-{uuid.uuid4().hex[:8]}"
    client = clients.resources(SUBSCRIPTION)
    put_group(name, {"owner": "them"})
    named = kiln(
        template(stagingResourceGroup=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}"), staging_group=name
    )
    named.submit()
    put_security_group(name, "theirs", {})
    Runs().delete_all(named.id, lambda: True)
    documents().delete(Templates.path(named.id))

    sweep(at=LATER)
    report = sweep(at=LATER + GRACE)

    assert kinds(report) == ["group-mark", "network", "security-group", "storage-account"]
    found = groups.find(SUBSCRIPTION, name)
    assert found is not None
    assert found.tags == {"owner": "them"}
    assert [item.name for item in client.resources.list_by_resource_group(name)] == ["theirs"]


def test_what_another_kiln_made_is_not_even_seen(kiln: Callable[..., Kiln], local_azure: InProcessAzure) -> None:
    mine = kiln(template())
    mine.submit()
    with own_clients(local_azure.environment(f"sw{uuid.uuid4().hex[:12]}")):
        theirs = Kiln(local_azure, template())
        theirs.submit()
        group = theirs.template.staging_group
        documents().delete(Templates.path(theirs.id))

    sweep(at=LATER)
    report = sweep(at=LATER + 10 * GRACE)

    assert report.deleted == ()
    assert report.seen == {}
    assert mine.resources(group) == STAGED


def test_copied_tags_make_nothing_a_leftover(kiln: Callable[..., Kiln]) -> None:
    gone = kiln(template())
    gone.submit()
    client = clients.resources(SUBSCRIPTION)
    tags = client.resource_groups.get(gone.template.staging_group).tags
    name = f"rg-copied-{uuid.uuid4().hex[:8]}"
    put_group(name, {})
    put_security_group(name, "copied", dict(tags or {}))
    put_security_group(name, "kiln-of-mine", dict(tags or {}))
    put_security_group(name, "kiln-nsg", {"kilnInstallation": installation().id, "owner": "them"})

    assert sweep(at=LATER).seen == {}

    assert sweep(at=LATER + 10 * GRACE).deleted == ()
    assert len(list(client.resources.list_by_resource_group(name))) == 3


def test_a_sweep_during_a_build_leaves_the_build_alone(kiln: Callable[..., Kiln]) -> None:
    building = kiln(template())
    building.submit()
    reports: list[SweepReport] = []
    activities = ("start_machine", "start_step", "start_deallocate", "start_version", "finish_run")
    for activity in activities:
        building.runner.on_activity(activity, lambda _: reports.append(sweep(at=LATER + 100 * GRACE)))

    run = building.build()

    assert run.state is RunState.SUCCEEDED, run.message
    assert len(reports) == len(activities)
    assert [each.entry.id for report in reports for each in report.deleted] == []


def test_a_machine_that_is_kept_on_purpose_stays_until_its_template_goes(
    kiln: Callable[..., Kiln], local_azure: InProcessAzure
) -> None:
    local_azure.guests.rules.insert(0, Rule(b"echo broken", exit_code=3))
    script = {"type": "Shell", "name": "broken", "inline": ["echo broken"]}
    kept = kiln(template(customize=[script], errorHandling={"onCustomizerError": "abort"}))
    kept.submit()
    run = kept.build()
    assert run.kept

    assert sweep(at=LATER + 10 * GRACE).deleted == ()
    assert "virtualmachines" in kept.resources()


def test_images_that_were_made_are_never_leftovers_whoever_left_one_of_the_name(kiln: Callable[..., Kiln]) -> None:
    made = kiln(template())
    made.submit()
    run, group = made.build(), made.template.staging_group
    version = str(run.outputs[0].artifact_id)
    before = RunRef(template=made.id, run_id="20260101-000000-00000000")
    Runs().create(run.model_copy(update={"run_id": before.run_id}))
    mark = run_tags(before, installation().id)
    Ledgers().record(made.id, before.run_id, LedgerEntry(kind="gallery-version", id=version, tier=0, mark=mark))
    Leftovers().keep(before, NOW)
    Runs().delete_all(made.id, lambda: True)
    documents().delete(Templates.path(made.id))

    sweep(at=LATER)
    report = sweep(at=LATER + GRACE)

    assert kinds(report) == ["network", "resource-group", "security-group", "storage-account"]
    assert list(Leftovers().list()) == []
    assert made.resources(group) == []
    found = httpx.get(f"{made.azure.http_url}/_local/resources", timeout=60).json()["resources"]
    assert version.lower() in {item["id"].lower() for item in found}


def test_two_sweeps_at_once_end_as_one_and_a_run_that_was_to_be_canceled_is_canceled(kiln: Callable[..., Kiln]) -> None:
    left = kiln(template())
    run = broken_off(left)
    Runs().update(left.id, run.run_id, request_cancel)
    reports: list[SweepReport] = []
    threads = [threading.Thread(target=lambda: reports.append(sweep(lost(run)))) for _ in range(2)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(reports) == 2
    assert [report.left for report in reports] == [(), ()]
    assert left.run(run.run_id).state is RunState.CANCELED
    assert left.resources() == STAGED


def test_documents_that_no_template_stands_behind_are_removed(kiln: Callable[..., Kiln]) -> None:
    kept, gone = kiln(template()), kiln(template())
    for each in (kept, gone):
        Ledgers().close(each.id, "20260101-000000-00000000")
    documents().delete(Templates.path(gone.id))

    report = sweep()

    assert report.documents == 1
    assert list(documents().paths("ledgers/")) == [Ledgers.path(kept.id, "20260101-000000-00000000")]


def test_a_subscription_that_cannot_be_read_is_named_and_nothing_in_it_is_a_leftover(kiln: Callable[..., Kiln]) -> None:
    left = kiln(template())
    left.submit()
    denied = {"status": 403, "code": "AuthorizationFailed", "message": "does not have authorization to perform action"}
    left.fault(method="GET", path="/subscriptions/*/resources", **denied)

    report = sweep()

    assert len(report.problems) == 1
    assert "AuthorizationFailed" in report.problems[0]
    assert report.deleted == ()


def test_a_sweep_asks_azure_the_same_however_many_templates_there_are(kiln: Callable[..., Kiln]) -> None:
    kiln(template()).submit()
    kiln(template())
    azure = kiln(template()).azure
    httpx.delete(f"{azure.http_url}/_local/requests").raise_for_status()

    sweep()

    asked = httpx.get(f"{azure.http_url}/_local/requests").json()["requests"]
    own = [(each["method"], each["path"]) for each in asked if SUBSCRIPTION in each["path"]]
    assert own == [
        ("GET", f"/subscriptions/{SUBSCRIPTION}/resources"),
        ("GET", f"/subscriptions/{SUBSCRIPTION}/resourcegroups"),
    ]


def forget(run: RunRecord) -> None:
    Runs().delete(run.template, run.run_id)


def refuse(kiln: Kiln, kind: str) -> None:
    locked = {"status": 409, "code": "ScopeLocked", "message": "a lock forbids it"}
    kiln.fault(method="DELETE", path=f"/subscriptions/*/{kind}/*", times=0, **locked)


def allow(kiln: Kiln) -> None:
    kiln.azure.clear_faults()


def put_security_group(group: str, name: str, tags: dict[str, str]) -> None:
    body: Any = {"location": "westeurope", "tags": tags}
    clients.network(SUBSCRIPTION).network_security_groups.begin_create_or_update(
        group, name, body, api_version=clients.NETWORK
    ).result()


def put_group(name: str, tags: dict[str, str]) -> None:
    body: Any = {"location": "westeurope", "tags": tags}
    clients.resources(SUBSCRIPTION).resource_groups.create_or_update(name, body)
