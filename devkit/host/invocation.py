"""Calling a served function: its arguments as the Python worker builds them.

It owns the invocation context and the parameters beside the trigger's; it must not know of HTTP or orchestrations.
"""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

import azure.functions as func

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.host.app import App, ServedFunction
    from devkit.host.worker import Worker

from devkit.host.functions import FunctionTable


class InvocationContext(func.Context):
    """The `context` that a function gets if it asks for it."""

    def __init__(self, function_name: str) -> None:
        self._function_name = function_name
        self._invocation_id = str(uuid.uuid4())
        self._storage = threading.local()

    @property
    def invocation_id(self) -> str:
        """A new UUID for each call."""
        return self._invocation_id

    @property
    def thread_local_storage(self) -> Any:
        """A place for the function's own thread-local values."""
        return self._storage

    @property
    def function_name(self) -> str:
        """The function's name."""
        return self._function_name

    @property
    def function_directory(self) -> str:
        """Empty: a v2 app has no folder for each function."""
        return ""

    @property
    def trace_context(self) -> Any:
        """None: the host traces nothing."""
        return None

    @property
    def retry_context(self) -> Any:
        """None: the host has no function-level retries."""
        return None


def arguments(function: ServedFunction, value: Any, client_json: Callable[[Any], str]) -> dict[str, Any]:
    """Build the keyword arguments of one call; `client_json` gives the text for a durable client's binding."""
    given: dict[str, Any] = {function.trigger.name: value}
    for name, binding in function.clients.items():
        given[name] = client_json(binding)
    if function.wants_context:
        given["context"] = InvocationContext(function.name)
    return given


def require_none(function: ServedFunction, value: Any) -> None:
    """Raise RuntimeError if a function has returned a value that no binding takes.

    Timer and Event Grid functions have no `$return`; the worker raises "function ... without a $return binding
    returned a non-None value" (`invocation_request` in azure_functions_runtime/handle_event.py).
    """
    if value is not None:
        kind = type(value).__name__
        raise RuntimeError(f"function '{function.name}' has no $return binding, but returned a value, a {kind}")


def function_table(app: App, worker: Worker, client_json: Callable[[Any], str]) -> FunctionTable:
    """Return the app's durable functions; activities run on the engine's threads or on the worker's loop."""

    def activity(function: ServedFunction) -> Callable[[Any], Any]:
        return lambda value: worker.call_activity(function.name, function.code, arguments(function, value, client_json))

    return FunctionTable(
        {name: function.code for name, function in app.orchestrators.items()},
        {name: activity(function) for name, function in app.activities.items()},
    )
