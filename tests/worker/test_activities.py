"""An activity that raises is told of in the same words by Microsoft's worker and by the local host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.host.activity import run_activity
from devkit.host.app import load_app
from devkit.host.clock import SystemClock
from devkit.host.invocation import function_table
from devkit.host.records import ActivityWork
from devkit.host.worker import Worker
from tests.unit.infra.deployed import ROOT
from tests.worker.description import told

if TYPE_CHECKING:
    from tests.worker.process import MicrosoftWorker

UNKNOWN = '{"no such field": 1}'


def test_a_payload_that_no_activity_takes_fails_it_alike_before_anything_is_done(worker: MicrosoftWorker) -> None:
    threads = Worker()
    threads.start()
    here = function_table(load_app(ROOT), threads, str)
    described = {name: told(function) for name, function in worker.functions.items()}
    activities = {name: item for name, item in described.items() if item.trigger == "activityTrigger"}

    for name, item in activities.items():
        response = worker.invoke(name, {item.parameter: {"string": UNKNOWN}})
        assert response["result"].get("status") != "Success", name
        assert response["result"]["exception"]["message"].startswith("ValidationError: "), name
        work = ActivityWork(0, "instance", "execution", 0, item.settings["activity"], UNKNOWN)
        # TaskActivityShim and OutOfProcExceptionHelpers in Azure/azure-functions-durable-extension make the text.
        reason = f"Activity function '{name}' failed:  {response['result']['exception']['message']}"
        assert run_activity(here, SystemClock(), work)["Reason"] == reason
    assert len(activities) > 50
    assert threads.stop()
