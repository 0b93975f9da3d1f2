"""Orchestrators and activities that exercise every action the host serves."""

# mypy: disable-error-code="untyped-decorator"
# (the decorators of azure-functions-durable are untyped)
from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

if TYPE_CHECKING:
    from collections.abc import Generator

bp = df.Blueprint()


@bp.activity_trigger(input_name="payload")
def echo(payload: Any) -> Any:
    return payload


@bp.activity_trigger(input_name="payload")
def square(payload: int) -> int:
    return payload * payload


@bp.activity_trigger(input_name="payload")
def explode(payload: Any) -> Any:
    raise ValueError(f"boom {payload}")


@bp.orchestration_trigger(context_name="context")
def chain(context: Any) -> Generator[Any, Any, Any]:
    total = 0
    for number in range(context.get_input()):
        total += yield context.call_activity("square", number)
    return total


@bp.orchestration_trigger(context_name="context")
def fan_out(context: Any) -> Generator[Any, Any, Any]:
    squares = yield context.task_all([context.call_activity("square", n) for n in range(context.get_input())])
    return sum(squares)


@bp.orchestration_trigger(context_name="context")
def child(context: Any) -> Generator[Any, Any, Any]:
    result = yield context.call_activity("square", context.get_input())
    return {"result": result, "parent": context.parent_instance_id, "me": context.instance_id}


@bp.orchestration_trigger(context_name="context")
def parent(context: Any) -> Generator[Any, Any, Any]:
    named = context.call_sub_orchestrator("child", 3, instance_id=f"{context.instance_id}-child")
    unnamed = context.call_sub_orchestrator("child", 4)
    results = yield context.task_all([named, unnamed])
    return results


@bp.orchestration_trigger(context_name="context")
def event_or_timeout(context: Any) -> Generator[Any, Any, Any]:
    deadline = context.create_timer(context.current_utc_datetime + timedelta(hours=context.get_input()))
    approval = context.wait_for_external_event("approve")
    winner = yield context.task_any([approval, deadline])
    if winner == approval:
        deadline.cancel()
        after = yield context.call_activity("echo", "after")
        return {"approved": approval.result, "after": after}
    return "timeout"


@bp.orchestration_trigger(context_name="context")
def sleep_then_wait(context: Any) -> Generator[Any, Any, Any]:
    yield context.create_timer(context.current_utc_datetime + timedelta(minutes=5))
    context.set_custom_status("waiting")
    data = yield context.wait_for_external_event("go")
    return data


@bp.orchestration_trigger(context_name="context")
def countdown(context: Any) -> Generator[Any, Any, Any]:
    left = context.get_input()
    yield context.call_activity("echo", left)
    if left > 0:
        context.continue_as_new(left - 1)
        return None
    return "lift-off"


@bp.orchestration_trigger(context_name="context")
def collect(context: Any) -> Generator[Any, Any, Any]:
    seen = context.get_input()
    seen.append((yield context.wait_for_external_event("item")))
    if len(seen) < 3:
        context.continue_as_new(seen)
        return None
    return seen


@bp.orchestration_trigger(context_name="context")
def retried(context: Any) -> Generator[Any, Any, Any]:
    options = df.RetryOptions(60_000, 3)
    result = yield context.call_activity_with_retry("flaky", options, context.instance_id)
    return result


@bp.orchestration_trigger(context_name="context")
def retried_child(context: Any) -> Generator[Any, Any, Any]:
    options = df.RetryOptions(60_000, 2)
    result = yield context.call_sub_orchestrator_with_retry(
        "flaky_child", options, None, instance_id=f"{context.instance_id}-child"
    )
    return result


@bp.orchestration_trigger(context_name="context")
def flaky_child(context: Any) -> Generator[Any, Any, Any]:
    result = yield context.call_activity("flaky", context.instance_id)
    return result


@bp.orchestration_trigger(context_name="context")
def fails(context: Any) -> Generator[Any, Any, Any]:
    result = yield context.call_activity("explode", context.get_input())
    return result


@bp.orchestration_trigger(context_name="context")
def catches(context: Any) -> Generator[Any, Any, Any]:
    try:
        yield context.call_sub_orchestrator("fails", "inside")
    except Exception as error:  # noqa: BLE001  # the SDK raises plain exceptions
        return f"caught: {error}"


@bp.orchestration_trigger(context_name="context")
def open_timer(context: Any) -> Generator[Any, Any, Any]:
    timer = context.create_timer(context.current_utc_datetime + timedelta(hours=3))
    event = context.wait_for_external_event("go")
    yield context.task_any([event, timer])
    return "returned without cancelling"
