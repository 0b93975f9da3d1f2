"""One version that two publish: the answer to each, and whose version stays."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from activities import capture, clean_up, replicate
from kiln.cloud import clients, gallery, operations
from kiln.contracts.clean_up import CloseRequest, DeleteRequest
from kiln.contracts.images import GalleryRequest, RegionRequest, ReplicationRequest
from kiln.contracts.runs import OutputReport
from kiln.errors import AzureFailed, MadeByAnother, VersionTaken
from kiln.planner.targets import GalleryTarget
from kiln.runs.ledgers import Ledgers
from kiln.runs.record import RunOutput
from kiln.runs.runs import Runs
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import done, plan_with, turned_off
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION
from tests.waiting import until

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure
    from kiln.runs.ledger import LedgerEntry

VERSION = "1.2.3"


def asked(definition: str = "") -> GalleryRequest:
    """Return the request for a version of a machine that is turned off, in a new definition or in this one."""
    if not definition:
        definition = f"{arm.group(f'rg-{uuid.uuid4().hex[:8]}')}/providers/Microsoft.Compute/galleries/mine/images/app"
        arm.definition(definition)
    regions = [{"name": "westeurope"}, {"name": "northeurope"}]
    shared = {"type": "SharedImage", "runOutputName": "image", "targetRegions": regions}
    plan = turned_off(plan_with(distribute=[{**shared, "galleryImageId": f"{definition}/versions/{VERSION}"}]))
    target = plan.targets[0]
    assert isinstance(target, GalleryTarget)
    assert plan.origin is not None
    return GalleryRequest(run=plan.run, origin=plan.origin, target=target)


def publish_by_hand(request: GalleryRequest, machine: str) -> None:
    arm.version(request.target.image_id, VERSION, machine)


def delete_by_hand(request: GalleryRequest) -> None:
    compute = clients.compute(SUBSCRIPTION)
    compute.gallery_image_versions.begin_delete(
        *gallery.names(request.target.image_id), VERSION, api_version=clients.GALLERIES, **arm.SOON
    ).result()


def made_of(request: GalleryRequest) -> str:
    found = clients.compute(SUBSCRIPTION).gallery_image_versions.get(
        *gallery.names(request.target.image_id), VERSION, api_version=clients.GALLERIES
    )
    assert found.properties is not None
    source = found.properties.storage_profile.source
    assert source is not None
    return str(source.virtual_machine_id).lower()


def due(request: GalleryRequest) -> tuple[LedgerEntry, ...]:
    return clean_up.close_ledger(CloseRequest(run=request.run)).entries


def output_of(request: GalleryRequest) -> OutputReport:
    target = request.target
    output = RunOutput(name="image", kind="SharedImage", artifact_id=target.version_id, mark=target.mark)
    return OutputReport(run=request.run, output=output)


def replaced() -> tuple[GalleryRequest, str]:
    """Publish a version by Kiln, and replace it as somebody else by one of the returned machine."""
    request, other = asked(), asked()
    done(capture.start_version(request))
    delete_by_hand(request)
    machine = str(other.origin.machine)
    publish_by_hand(request, machine)
    return request, machine.lower()


def test_who_is_published_first_keeps_the_version_and_the_other_has_nothing_to_clean_up(
    settings: InProcessAzure,
) -> None:
    request, other = asked(), asked()
    machine = str(other.origin.machine)
    with ThreadPoolExecutor(1) as pool:
        with settings.faults({"method": "PUT", "path": f"*/versions/{VERSION}", "blocked": True}):
            late = pool.submit(capture.start_version, request)
            until(lambda: httpx.get(f"{settings.http_url}/_local/faults").json()[0]["fired"])
            publish_by_hand(request, machine)
        with pytest.raises(VersionTaken, match=r"1\.2\.3 exists already"):
            late.result()

    assert due(request) == ()
    assert made_of(request) == machine.lower()


def test_a_version_that_may_have_been_made_stays_in_the_ledger_and_is_deleted_only_with_the_runs_own_mark(
    settings: InProcessAzure,
) -> None:
    request, other = asked(), asked()
    lost = {"method": "PUT", "path": f"*/versions/{VERSION}", "drop": "before"}
    refused = {**lost, "drop": None, "nth": 2, "status": 403, "code": "AuthorizationFailed"}
    with (
        settings.faults(lost, {name: value for name, value in refused.items() if value}),
        pytest.raises(AzureFailed, match="AuthorizationFailed"),
    ):
        capture.start_version(request)
    machine = str(other.origin.machine)
    publish_by_hand(request, machine)

    (entry,) = due(request)
    with pytest.raises(MadeByAnother, match="is somebody else's by now, so it was left alone") as told:
        clean_up.start_delete(DeleteRequest(entry=entry))

    assert (entry.kind, entry.id) == ("gallery-version", request.target.version_id)
    assert request.target.mark in told.value.detail.message
    assert made_of(request) == machine.lower()


def test_a_version_that_azure_refuses_is_struck_from_the_ledger(settings: InProcessAzure) -> None:
    request = asked()
    refused = {"method": "PUT", "path": f"*/versions/{VERSION}", "status": 403, "code": "AuthorizationFailed"}
    with settings.faults(refused), pytest.raises(AzureFailed, match="AuthorizationFailed"):
        capture.start_version(request)

    assert due(request) == ()


def test_two_hosts_that_publish_for_one_run_lose_nothing_when_one_of_them_is_refused(settings: InProcessAzure) -> None:
    request = asked()
    capture.start_version(request)
    refused = {"method": "PUT", "path": f"*/versions/{VERSION}", "status": 403, "code": "AuthorizationFailed"}
    with settings.faults(refused), pytest.raises(AzureFailed, match="AuthorizationFailed"):
        capture.start_version(request)

    (entry,) = due(request)
    done(clean_up.start_delete(DeleteRequest(entry=entry)))
    assert not gallery.version_exists(request.target.version_id, request.target.mark)


def test_a_version_that_another_made_anew_is_not_the_runs_output() -> None:
    request, machine = replaced()

    with pytest.raises(MadeByAnother, match="somebody else's by now"):
        capture.report_output(output_of(request))

    (entry,) = due(request)
    assert not entry.keep
    assert made_of(request) == machine


def test_a_version_that_another_made_anew_is_given_no_regions_and_has_none_for_the_run() -> None:
    request, machine = replaced()
    target = request.target

    with pytest.raises(MadeByAnother):
        replicate.start_replication(ReplicationRequest(run=request.run, target=target))
    with pytest.raises(MadeByAnother):
        replicate.check_region(
            RegionRequest(
                run=request.run,
                output=target.run_output_name,
                version=target.version_id,
                mark=target.mark,
                region="westeurope",
            )
        )

    assert made_of(request) == machine


def test_a_region_that_has_the_version_is_in_the_runs_output_at_once() -> None:
    request = asked()
    done(capture.start_version(request))
    target = request.target
    there = RegionRequest(
        run=request.run, output="image", version=target.version_id, mark=target.mark, region="westeurope"
    )

    assert replicate.check_region(there).done
    assert not replicate.check_region(there.model_copy(update={"region": "northeurope"})).done

    (output,) = Runs().require(request.run.template, request.run.run_id).outputs
    assert (output.name, output.artifact_id, output.regions) == ("image", target.version_id, ("westeurope",))
    assert [entry.keep for entry in Ledgers().close(request.run.template, request.run.run_id).entries] == [True]


def test_a_version_that_is_the_runs_own_is_kept() -> None:
    request = asked()
    operation = capture.start_version(request)
    until(lambda: operations.check(operation).done)

    # the ledger is looked at here, not the run's record
    capture.keep(output_of(request))

    assert due(request) == ()
