"""Calls of orchestrators and activities in Microsoft's worker, in the form that Durable Functions' extension sends.

The form is that of `OrchestrationTriggerAttributeBindingProvider` in Azure/azure-functions-durable-extension and of the
history events of Azure/durabletask, as Newtonsoft.Json writes them with the Azure Storage provider.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from devkit.host.protocol import EventType

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.host.protocol import Event
    from tests.worker.process import Message, MicrosoftWorker

_STATE = "$OutOfProcData$:"
_FRACTION = re.compile(r"\.(\d+)Z$")
_SEVENTH_DIGIT = "7"
"""The seventh digit of a second's fraction: .NET counts in units of 100 ns, the local host in microseconds."""


class ActivityFailed(Exception):
    """An activity raised in Microsoft's worker; the text is the one that its orchestrator would get."""


def episode(worker: MicrosoftWorker, name: str, context: str) -> dict[str, Any]:
    """Let an orchestrator answer a context of the local host, in Azure's form; return its state, good or failed."""
    response = worker.invoke(name, {"context": {"string": azure_form(context)}})
    if response["result"].get("status") == "Success":
        text = response["return_value"]["json"]
    else:
        _, label, text = response["result"]["exception"]["message"].partition(_STATE)
        assert label, response["result"]
    state: dict[str, Any] = json.loads(text)
    return state


def activity(worker: MicrosoftWorker, name: str) -> Callable[[Any], Any]:
    """Return an activity that runs in Microsoft's worker: as a function of its payload, for a flow."""

    def run(payload: Any) -> Any:
        return result_of(worker.invoke(name, {"payload": {"string": json.dumps(payload)}}))

    return run


def result_of(response: Message) -> Any:
    """Return an activity's result. Raises `ActivityFailed`."""
    if response["result"].get("status") != "Success":
        raise ActivityFailed(response["result"]["exception"]["message"])
    return json.loads(response["return_value"]["json"])


def azure_form(context: str) -> str:
    """Return the local host's JSON for an orchestrator as Azure would send it."""
    body = json.loads(context)
    instance = {"InstanceId": body["instanceId"], "ExecutionId": "0" * 32}
    parent = body["parentInstanceId"]
    history = [_event(item, instance, parent) for item in body["history"]]
    return json.dumps({**body, "history": history}, indent=2)


def _event(item: Event, instance: dict[str, str], parent: str | None) -> Event:
    kind = item["EventType"]
    made: Event = {**item, "Timestamp": _FRACTION.sub(rf".\g<1>{_SEVENTH_DIGIT}Z", item["Timestamp"])}
    if "FireAt" in made:
        made["FireAt"] = _without_zeros(made["FireAt"])
    if kind == EventType.EXECUTION_STARTED:
        of_parent = {"InstanceId": parent, "ExecutionId": "1" * 32}
        made |= {
            "OrchestrationInstance": instance,
            "ParentInstance": parent and {"Name": "", "OrchestrationInstance": of_parent, "TaskScheduleId": 0},
            "Correlation": None,
            "Generation": 0,
            "ParentTraceContext": None,
            "ScheduledStartTime": None,
            "Tags": None,
        }
    elif kind == EventType.TASK_SCHEDULED:
        # DTFx serialises the arguments of a call, of which there is one.
        made |= {"Input": json.dumps([item["Input"]]), "Tags": None, "ParentTraceContext": None}
    elif kind == EventType.SUB_ORCHESTRATION_CREATED:
        made |= {"Input": json.dumps(item["Input"]), "Tags": None}
    elif kind in {EventType.TASK_FAILED, EventType.SUB_ORCHESTRATION_FAILED}:
        made["FailureDetails"] = None
    return made


def _without_zeros(timestamp: str) -> str:
    """Write a time as Newtonsoft.Json does: no zeros at the end of its fraction, and no fraction if it is zero."""
    found = _FRACTION.search(timestamp)
    digits = found[1].rstrip("0") if found else ""
    return _FRACTION.sub(f".{digits}Z" if digits else "Z", timestamp)
