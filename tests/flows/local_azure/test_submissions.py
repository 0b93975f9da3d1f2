"""Submissions by the real activities: good, bad, overtaken and broken off; and the deletion of a template."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import ResourceNotFoundError

from devkit.guests.scripted.rules import Rule
from kiln.cloud import clients
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from tests.flows.local_azure.kiln import STAGED, SUBSCRIPTION, gallery, template

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.host.testing import Flow
    from tests.flows.local_azure.kiln import Kiln

ACTIVITIES = ["check_template", "create_group", "start_storage", "create_containers", "stage_artifact"]
FETCHED = {"type": "Shell", "name": "fetched", "scriptUri": "data:text/plain,echo%20hello"}


def test_a_definition_that_is_not_there_fails_the_submission_with_aib_s_code_and_makes_nothing(
    kiln: Callable[..., Kiln],
) -> None:
    lost = kiln(template(distribute=[gallery(image="nowhere")]))

    lost.submit()

    record = lost.template
    assert record.provisioning_state == "Failed"
    assert record.provisioning_error is not None
    assert record.provisioning_error.code == "BadSharedImageDistribute"
    assert "nowhere" in record.provisioning_error.message
    assert record.settled == 1
    assert lost.resources() == []


def test_a_failed_template_can_be_fixed_by_a_new_version(kiln: Callable[..., Kiln]) -> None:
    fixed = kiln(template(distribute=[gallery(image="nowhere")]))
    fixed.submit()

    fixed.put(template())
    fixed.submit()

    assert fixed.template.provisioning_state == "Succeeded"
    assert fixed.template.settled == 2


def test_an_artifact_whose_checksum_differs_fails_the_submission(kiln: Callable[..., Kiln]) -> None:
    wrong = {**FETCHED, "sha256Checksum": hashlib.sha256(b"another").hexdigest()}
    forged = kiln(template(customize=[wrong]))

    forged.submit()

    assert forged.template.provisioning_state == "Failed"
    assert forged.template.provisioning_error is not None
    assert "properties.customize[0]" in forged.template.provisioning_error.message


def test_a_checksum_in_upper_case_is_the_same(kiln: Callable[..., Kiln]) -> None:
    right = {**FETCHED, "sha256Checksum": hashlib.sha256(b"echo hello").hexdigest().upper()}
    checked = kiln(template(customize=[right]))

    checked.submit()

    assert checked.template.provisioning_state == "Succeeded"


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_a_newer_version_overtakes_a_submission_that_is_under_way(kiln: Callable[..., Kiln], activity: str) -> None:
    overtaken = kiln(template(customize=[FETCHED]))
    overtaken.runner.on_activity(
        activity, lambda _: overtaken.put(template(customize=[FETCHED], buildTimeoutInMinutes=60))
    )

    first = overtaken.submission().finish()

    assert first.status == "Completed"
    assert overtaken.template.provisioning_state == "Creating"
    assert overtaken.template.settled == 1
    overtaken.submit()
    assert overtaken.template.provisioning_state == "Succeeded"
    assert overtaken.template.settled == 2
    assert overtaken.resources() == STAGED


@pytest.mark.parametrize("activity", ACTIVITIES)
def test_a_template_that_is_deleted_meanwhile_goes_with_what_its_submission_made(
    kiln: Callable[..., Kiln], activity: str
) -> None:
    leaving = kiln(template(customize=[FETCHED]))
    group = leaving.template.staging_group
    leaving.runner.on_activity(activity, lambda _: leaving.leave())

    leaving.submit()

    assert leaving.template.provisioning_state == "Deleting"
    assert leaving.delete().status == "Completed"
    assert Templates().get(leaving.id) is None
    assert leaving.resources(group) == []


@pytest.mark.parametrize("activity", [*ACTIVITIES, "finish_submission"])
def test_a_submission_goes_on_after_a_crash_at_any_of_its_activities(kiln: Callable[..., Kiln], activity: str) -> None:
    crashed = kiln(template(customize=[FETCHED]))
    crashed.runner.redeliver(activity)

    def crash(flow: Flow) -> None:
        flow.crash()

    crashed.runner.on_activity(activity, crash)

    crashed.submit()

    assert crashed.template.provisioning_state == "Succeeded", crashed.template.provisioning_error
    assert crashed.resources() == STAGED


def test_auto_run_builds_once_however_often_its_submission_is_finished(kiln: Callable[..., Kiln]) -> None:
    automatic = kiln(template(autoRun={"state": "Enabled"}))
    automatic.runner.redeliver("finish_submission")
    automatic.runner.redeliver("begin_automatic_run")

    automatic.submit()

    (run,) = Runs().list(automatic.id)
    assert automatic.template.run_id == run.run_id
    assert run.state == "Succeeded", run.message


def test_a_run_of_auto_run_can_be_canceled(kiln: Callable[..., Kiln]) -> None:
    automatic = kiln(template(autoRun={"state": "Enabled"}))
    flow = automatic.submission()
    automatic.cancel_run_at("start_step", flow)

    flow.finish()

    (run,) = Runs().list(automatic.id)
    assert run.state == "Canceled"
    assert automatic.resources() == STAGED


def test_of_a_staging_group_of_the_user_s_own_only_what_kiln_made_goes(kiln: Callable[..., Kiln]) -> None:
    name = "rg-staging-of-my-own"
    groups = clients.resources(SUBSCRIPTION).resource_groups
    groups.create_or_update(name, {"location": "westeurope"})
    address = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}"
    guest = kiln(template(stagingResourceGroup=address), staging_group=name)
    guest.submit()
    assert guest.template.provisioning_state == "Succeeded", guest.template.provisioning_error
    assert guest.resources() == STAGED

    assert guest.delete().status == "Completed"

    assert guest.resources(name) == []
    assert not groups.get(name).tags


def test_a_machine_that_was_kept_in_a_group_of_the_user_s_own_goes_with_its_template(kiln: Callable[..., Kiln]) -> None:
    name = "rg-staging-that-keeps"
    clients.resources(SUBSCRIPTION).resource_groups.create_or_update(name, {"location": "westeurope"})
    address = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}"
    abort = {"onCustomizerError": "abort"}
    kept = kiln(template(stagingResourceGroup=address, errorHandling=abort), staging_group=name)
    kept.azure.guests.rules.append(Rule(matches=b"echo hello", exit_code=1))
    kept.submit()
    assert kept.build().kept
    assert "virtualmachines" in kept.resources()

    assert kept.delete().status == "Completed"

    assert kept.resources(name) == []


def test_a_template_that_is_deleted_in_the_middle_of_a_build_goes_when_that_has_ended(
    kiln: Callable[..., Kiln],
) -> None:
    building = kiln(template())
    building.submit()
    group = building.template.staging_group
    deletions: list[Flow] = []
    building.runner.on_activity("check_step", lambda _: deletions.append(building.deletion()))
    building.cancel_at("check_step")

    _, flow = building.start_build()
    flow.finish()
    result = deletions[0].finish()

    assert result.status == "Completed"
    order = [call.name for call in result.calls if call.name in {"finish_run", "start_delete_group"}]
    assert order == ["finish_run", "start_delete_group"]
    assert Templates().get(building.id) is None
    assert building.resources(group) == []


def test_a_staging_group_of_kiln_s_own_goes_as_a_whole(kiln: Callable[..., Kiln]) -> None:
    gone = kiln(template())
    gone.submit()
    name = gone.template.staging_group

    assert gone.delete().status == "Completed"

    with pytest.raises(ResourceNotFoundError):
        clients.resources(SUBSCRIPTION).resource_groups.get(name)


@pytest.mark.parametrize("given", ["", "rg-read-by-an-export"], ids=["Kiln's own group", "the user's own group"])
def test_a_disk_that_an_unended_export_can_still_read_keeps_no_template(kiln: Callable[..., Kiln], given: str) -> None:
    body = template(distribute=[{"type": "VHD", "runOutputName": "vhd"}])
    if given:
        clients.resources(SUBSCRIPTION).resource_groups.create_or_update(given, {"location": "westeurope"})
        body["properties"]["stagingResourceGroup"] = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{given}"
    read = kiln(body, staging_group=given or None)
    read.submit()
    group = read.template.staging_group
    with read.azure.faults({"method": "POST", "path": "*/endgetaccess", "times": 0, "operation": "Failed"}):
        assert "disks" in str(read.build().leftovers)

    result = read.delete()

    assert result.status == "Completed", result.error
    assert read.resources(group) == []


def test_a_template_whose_group_cannot_be_deleted_stays_and_can_be_deleted_again(kiln: Callable[..., Kiln]) -> None:
    locked = kiln(template())
    locked.submit()
    group = locked.template.staging_group
    locked.fault(method="DELETE", path=f"*/resourcegroups/{group}", status=409, code="ScopeLocked", message="a lock")

    result = locked.delete()

    assert result.status == "Failed"
    assert result.error is not None
    assert "ScopeLocked" in result.error
    stayed = locked.template
    assert (stayed.provisioning_state, stayed.deletion_began) == ("Failed", None)
    assert stayed.deletion_error is not None
    assert "ScopeLocked" in stayed.deletion_error.message
    assert locked.delete().status == "Completed"
    assert Templates().get(locked.id) is None
