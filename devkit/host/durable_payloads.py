"""JSON of the Durable HTTP API: client bindings, management URLs, statuses, histories, errors.

It owns the shapes of HttpApiHandler, HttpManagementPayload and StatusResponsePayload in
Azure/azure-functions-durable-extension; it must not know how requests arrive or what they do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from devkit.host.protocol import Event, EventType

if TYPE_CHECKING:
    from datetime import datetime

    from devkit.host.records import Instance

WEBHOOK_PATH = "/runtime/webhooks/durabletask"
RPC_PATH = "/durabletask"

# Kinds of event that a status query shows, spelled as the extension spells them.
_SHOWN = {
    EventType.EXECUTION_STARTED: "ExecutionStarted",
    EventType.EXECUTION_COMPLETED: "ExecutionCompleted",
    EventType.EXECUTION_TERMINATED: "ExecutionTerminated",
    EventType.TASK_COMPLETED: "TaskCompleted",
    EventType.TASK_FAILED: "TaskFailed",
    EventType.SUB_ORCHESTRATION_COMPLETED: "SubOrchestrationInstanceCompleted",
    EventType.SUB_ORCHESTRATION_FAILED: "SubOrchestrationInstanceFailed",
    EventType.TIMER_FIRED: "TimerFired",
    EventType.EVENT_RAISED: "EventRaised",
    EventType.EXECUTION_SUSPENDED: "ExecutionSuspended",
    EventType.EXECUTION_RESUMED: "ExecutionResumed",
}
_COPIED = ("Name", "Input", "Reason", "Details", "FireAt", "OrchestrationStatus")


def client_binding(origin: str, rpc: str, hub: str, key: str, binding: Any) -> str:
    """Return the JSON text that a durable client is made of.

    `origin` is the host's address, `key` that of its webhooks, `rpc` the URL where the client itself asks.
    """
    task_hub = binding.task_hub or hub
    base = origin + WEBHOOK_PATH
    start = f"{base}/orchestrators/{{functionName}}[/{{instanceId}}]"
    return json.dumps(
        {
            "taskHubName": task_hub,
            "creationUrls": {
                "createNewInstancePostUri": start,
                "createAndWaitOnNewInstancePostUri": (
                    f"{start}?timeout={{timeoutInSeconds}}&pollingInterval={{intervalInSeconds}}"
                ),
            },
            "managementUrls": management_urls(origin, "INSTANCEID", task_hub, key),
            "baseUrl": base,
            "requiredQueryStringParameters": _query(task_hub, key),
            # The SDK joins paths to this without a slash of its own.
            "rpcBaseUrl": f"{rpc}/",
        }
    )


def management_urls(origin: str, instance_id: str, hub: str, key: str) -> dict[str, str]:
    """Return the URLs with which a client manages one instance: whoever has them needs no other key."""
    instance = f"{origin}{WEBHOOK_PATH}/instances/{instance_id}"
    query = _query(hub, key)
    return {
        "id": instance_id,
        "statusQueryGetUri": f"{instance}?{query}",
        "sendEventPostUri": f"{instance}/raiseEvent/{{eventName}}?{query}",
        "terminatePostUri": f"{instance}/terminate?reason={{text}}&{query}",
        "rewindPostUri": f"{instance}/rewind?reason={{text}}&{query}",
        "purgeHistoryDeleteUri": f"{instance}?{query}",
        "restartPostUri": f"{instance}/restart?{query}",
        "suspendPostUri": f"{instance}/suspend?reason={{text}}&{query}",
        "resumePostUri": f"{instance}/resume?reason={{text}}&{query}",
    }


def _query(hub: str, key: str) -> str:
    return f"taskHub={hub}&connection=Storage&code={key}"


def status_payload(instance: Instance, *, show_input: bool) -> dict[str, Any]:
    """Return an instance's status."""
    return {
        "name": instance.name,
        "instanceId": instance.instance_id,
        "runtimeStatus": instance.runtime_status.value,
        "input": _token(instance.input) if show_input else None,
        "customStatus": _token(instance.custom_status),
        "output": _token(instance.output),
        "createdTime": _seconds(instance.created),
        "lastUpdatedTime": _seconds(instance.updated),
    }


def history_payload(events: list[Event], *, show_output: bool) -> list[dict[str, Any]]:
    """Return the history as a status query shows it: completions carry their function and scheduling time."""
    scheduled = {
        item["EventId"]: item
        for item in events
        if item["EventType"] in (EventType.TASK_SCHEDULED, EventType.SUB_ORCHESTRATION_CREATED)
    }
    return [_shown(item, scheduled, show_output) for item in events if item["EventType"] in _SHOWN]


def error_payload(message: str, error: Exception) -> dict[str, str]:
    """Return the body of a 400 or 500; the SDK reads `ExceptionMessage`."""
    return {
        "Message": message,
        "ExceptionMessage": str(error),
        "ExceptionType": type(error).__name__,
        "StackTrace": "",
    }


def _shown(item: Event, scheduled: dict[int, Event], show_output: bool) -> dict[str, Any]:  # noqa: FBT001  # private
    shown = {"EventType": _SHOWN[EventType(item["EventType"])], "Timestamp": item["Timestamp"]}
    if item["EventType"] == EventType.EXECUTION_STARTED:
        return shown | {"FunctionName": item["Name"]}
    origin = scheduled.get(item.get("TaskScheduledId", -1))
    if origin is not None:
        shown |= {"FunctionName": origin["Name"], "ScheduledTime": origin["Timestamp"]}
    if show_output and "Result" in item:
        shown["Result"] = _token(item["Result"])
    return shown | {key: item[key] for key in _COPIED if key in item}


def _token(text: str | None) -> Any:
    """Return the JSON value of a stored payload, or the text itself where it is no JSON (a failure's text)."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _seconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
