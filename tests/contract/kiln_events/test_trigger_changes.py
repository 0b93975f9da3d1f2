"""Events of triggers that failures deactivate and a success activates again, announced by the runs that did it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.guests.scripted.rules import Rule
from kiln.runs.record import RunCause, RunRecord, TriggerRecord
from kiln.runs.runs import Runs
from kiln.runs.triggers import Triggers
from tests.flows.local_azure.kiln import Kiln, template

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure
    from tests.contract.kiln_events.conftest import Topic

LAST_WORDS = ("Kiln.Build.Failed", "Kiln.Build.Succeeded", "Kiln.Trigger.Deactivated", "Kiln.Trigger.Reactivated")


def build(kiln: Kiln, cause: RunCause | None) -> RunRecord:
    """Run a build with a trigger as its cause, or because somebody asks for it."""
    run, flow = kiln.start_build()
    Runs().update(run.template, run.run_id, lambda known: known.model_copy(update={"cause": cause}))
    assert flow.finish().status == "Completed"
    return kiln.run(run.run_id)


def test_failures_in_a_row_and_the_success_that_ends_them_are_announced(
    local_azure: InProcessAzure, topic: Topic
) -> None:
    script = {"type": "Shell", "name": "install", "inline": ["fail-while-the-rule-is-there"]}
    kiln = Kiln(local_azure, template(customize=[script]))
    kiln.submit()
    created, changed = kiln.template.created, kiln.runner.clock.now()  # runs end by the flow's own clock
    body = {"properties": {"kind": "SourceImage", "failureLimit": 2}}
    Triggers().put(
        TriggerRecord(template=kiln.id, name="base", kind="SourceImage", body=body, created=created, changed=changed)
    )
    rule = Rule(matches=b"fail-while-the-rule-is-there", exit_code=3)
    local_azure.guests.rules.append(rule)
    build(kiln, RunCause(trigger="base"))
    failed = build(kiln, RunCause(trigger="base"))
    local_azure.guests.rules.remove(rule)
    kiln.runner.redeliver("finish_run", nth=None)
    good = build(kiln, None)

    events = [event for event in topic.published() if event["type"] in LAST_WORDS]
    assert [event["type"].removeprefix("Kiln.") for event in events] == [
        "Build.Failed",
        "Build.Failed",
        "Trigger.Deactivated",
        "Build.Succeeded",
        "Trigger.Reactivated",
    ]
    deactivated, reactivated = events[2]["data"], events[4]["data"]
    assert (deactivated["trigger"], deactivated["failures"], deactivated["lastRunId"]) == ("base", 2, failed.run_id)
    assert deactivated["lastError"]["code"] == "CustomizerFailed"
    assert reactivated["runId"] == good.run_id
