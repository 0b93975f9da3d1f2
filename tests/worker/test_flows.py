"""Builds, rebuilds and sweeps, each episode of which Microsoft's worker replays, and whose activities it runs.

The local host decides; the answers of its orchestrators and those of Microsoft's worker must be the same.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from devkit.guests.scripted.rules import Rule
from kiln.doctor.contracts import ExamineRequest
from kiln.ids import RunRef
from kiln.rebuild.contracts import SourceVersion, WatchRequest
from kiln.rebuild.index import enter_trigger
from kiln.rebuild.source import MarketplaceImage
from kiln.runs.record import TriggerRecord
from kiln.runs.triggers import Triggers
from kiln.sweep.contracts import LostRun, SweepRequest
from tests.contract.kiln_cloud.vhds import new_container
from tests.flows.local_azure.kiln import STAGED, gallery, managed_image, template
from tests.flows.local_azure.test_builds import example
from tests.own_clients import own_clients
from tests.worker.both import Both

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure
    from tests.flows.local_azure.kiln import Kiln
    from tests.worker.process import MicrosoftWorker


@pytest.mark.timeout(600)
def test_every_orchestrator_answers_alike_and_every_activity_runs(
    worker: MicrosoftWorker, local_azure: InProcessAzure, settings: dict[str, str]
) -> None:
    both = Both(worker, local_azure)
    with own_clients(settings), both.at_each_episode():
        an_image_is_built_for_targets_of_every_kind_and_the_one_that_failed_is_made_by_a_retry(both)
        a_windows_image_is_updated_in_rounds_its_run_canceled_and_its_deletion_refused(both)
        a_lost_run_is_swept_and_all_is_examined(both)
        a_new_version_of_a_source_rebuilds_who_follows_it(both)

    assert set(both.episodes) == set(both.orchestrators)
    assert set(both.calls) == set(both.activities)


def an_image_is_built_for_targets_of_every_kind_and_the_one_that_failed_is_made_by_a_retry(both: Both) -> None:
    body = example("linux-restart.json")
    body["properties"]["validate"] = example("validate.json")["properties"]["validate"]
    body["properties"]["optimize"] = example("optimize.json")["properties"]["optimize"]
    vhd = {"type": "VHD", "runOutputName": "vhd"}
    body["properties"]["distribute"] = [gallery("northeurope"), managed_image("img-worker", "northeurope"), vhd]
    kiln = both.kiln(body)
    kiln.fault(method="PUT", path="*/images/img-worker", status=409, code="QuotaExceeded", message="no more")

    first = kiln.build()
    assert first.state == "PartiallySucceeded", first.message
    second = kiln.build(retry_of=first)
    assert second.state == "Succeeded", second.message
    assert kiln.resources() == STAGED
    assert kiln.delete().status == "Completed"


def a_windows_image_is_updated_in_rounds_its_run_canceled_and_its_deletion_refused(both: Both) -> None:
    both.azure.guests.rules.append(Rule(matches=b"Microsoft.Update.Session", exit_code=101, times=1))
    kiln = both.kiln(example("windows.json"))
    kiln.cancel_at("start_version")

    run = kiln.build()

    assert run.state == "Canceled", run.message
    assert kiln.resources() == STAGED
    group = f"*/resourceGroups/{kiln.template.staging_group}"
    kiln.fault(method="DELETE", path=group, status=409, code="ScopeLocked", message="locked", times=0)
    refused = kiln.delete()
    both.azure.clear_faults()
    assert refused.status == "Failed"
    assert "ScopeLocked" in str(refused.error)


def a_lost_run_is_swept_and_all_is_examined(both: Both) -> None:
    kiln = both.kiln(template())
    run, flow = kiln.start_build()
    flow.run_until(lambda: bool(flow.calls_of("start_step")))

    lost = LostRun(run=RunRef(template=run.template, run_id=run.run_id), status="failed or terminated")
    both.run("sweep", SweepRequest(lost=(lost,)))
    both.run("examine", ExamineRequest())

    assert kiln.run(run.run_id).state == "Failed"


def a_new_version_of_a_source_rebuilds_who_follows_it(both: Both) -> None:
    """The second build replaces the VHD of the first."""
    now = datetime.now(UTC)
    sku = {"publisher": "Contoso", "offer": "worker", "sku": "gen2"}
    vhd = {"type": "VHD", "runOutputName": "vhd", "uri": f"{new_container().url}/golden.vhd"}
    _publish(both, {**sku, "version": "1.0.0"})
    kiln = both.kiln(template({"type": "PlatformImage", "version": "latest", **sku}, distribute=[vhd]))
    body = {"properties": {"kind": "SourceImage"}}
    Triggers().put(
        TriggerRecord(
            template=kiln.id, name="base", kind="SourceImage", body=body, created=kiln.template.created, changed=now
        )
    )
    enter_trigger(kiln.template, "base", now)

    both.run("watch_sources", WatchRequest())
    source = MarketplaceImage(region="westeurope", **sku)
    first = _rebuilt(both, kiln, SourceVersion(source=source, version="1.0.0", event="e1", at=now.isoformat()))
    _publish(both, {**sku, "version": "1.1.0"})
    second = _rebuilt(both, kiln, SourceVersion(source=source, version="1.1.0", event="e2", at=now.isoformat()))
    assert second != first


def _rebuilt(both: Both, kiln: Kiln, found: SourceVersion) -> str:
    result = both.run("rebuild", found)
    run_id = kiln.template.run_id
    assert run_id is not None, result.output
    assert kiln.run(run_id).state == "Succeeded", kiln.run(run_id).message
    return run_id


def _publish(both: Both, image: dict[str, str]) -> None:
    published = {**image, "osType": "Linux"}
    httpx.post(f"{both.azure.http_url}/_local/marketplace", json=published, trust_env=False).raise_for_status()
