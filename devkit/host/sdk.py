"""The one place that reaches into azure-functions-durable 1.7 and the worker's converters.

It owns calling the SDK's handles, its payload codec and the two replacements below; it must not know of the engine.

Three names inside the SDK are replaced, because no setting reaches them:

* `dt_parse` in the history module is dateutil's parser, called for every event of every replay: 85 % of the time
  of a long replay. The host writes ISO 8601 only, which `datetime.fromisoformat` reads 30 times faster.
* `warnings` in the executor module, which warns of a "duplicate" completion whenever an external event arrives
  before the code waits for it; that is normal.
* `warnings` in the codec module, which advises once per process to pass expected types; the worker's own activity
  converter cannot. Both texts go to the debug log: a run with warnings as errors would fail inside a replay.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import azure.durable_functions  # loads the modules that `prepare` reaches into
import azure.durable_functions.models.utils.http_utils as sdk_http
import azure.functions as func
from azure.functions import meta

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

# An orchestrator function as the worker sees it: OrchestrationContext in, state as JSON text out.
Handle = Any

_STATE_LABEL = "$OutOfProcData$:"


class _DebugLog:
    @staticmethod
    def warn(message: str, *_category: object, **_options: object) -> None:
        log.debug("%s", message)


def prepare() -> None:
    """Put the replacements in place; may be called again."""
    models = "azure.durable_functions.models"
    history: Any = sys.modules[f"{models}.history.HistoryEvent"]
    executor: Any = sys.modules[f"{models}.TaskOrchestrationExecutor"]
    codec: Any = sys.modules["azure.functions._durable_functions"]
    history.dt_parse = datetime.fromisoformat
    executor.warnings = _DebugLog
    codec.warnings = _DebugLog


class SdkError(Exception):
    """The SDK failed outside of the orchestrator's code, so there is no state to go on with."""


def replay(handle: Handle, context_json: str) -> dict[str, Any]:
    """Run the SDK's executor over a whole history and return the orchestrator's state.

    An orchestrator that raised returns a state with `error`. Raises SdkError where the SDK itself fails: the real
    host then reports non-determinism and hides the cause (azure-functions-durable-python issue 189).
    """
    try:
        text = handle(func.OrchestrationContext(context_json))
    except Exception as error:
        _, label, text = str(error).partition(_STATE_LABEL)
        if not label:
            raise SdkError(f"{type(error).__name__}: {error}") from error
    state: dict[str, Any] = json.loads(text)
    return state


def decode_activity_input(payload: str | None) -> Any:
    """Turn the recorded JSON text into the value that the activity function takes."""
    datum = meta.Datum("null" if payload is None else payload, "string")
    return converter("activityTrigger").decode(datum, trigger_metadata={})


def encode_activity_output(value: Any) -> str:
    """Turn an activity's return value into JSON text; ValueError if it has none."""
    return str(converter("activityTrigger").encode(value, expected_type=None).value)


def decode_http_request(datum: meta.Datum) -> func.HttpRequest:
    """Build the request object that an HTTP function takes."""
    request: func.HttpRequest = converter("httpTrigger").decode(datum, trigger_metadata={})
    return request


def decode_event(text: str) -> func.EventGridEvent | func.CloudEvent:
    """Build the event that an Event Grid function takes, of the class that its schema asks for."""
    event: func.EventGridEvent | func.CloudEvent = converter("eventGridTrigger").decode(
        meta.Datum(text, "json"), trigger_metadata={}
    )
    return event


def decode_timer(text: str) -> func.TimerRequest:
    """Build the TimerRequest that a timer function takes."""
    request: func.TimerRequest = converter("timerTrigger").decode(meta.Datum(text, "json"), trigger_metadata={})
    return request


def encode_http_response(value: Any) -> meta.Datum:
    """Turn what an HTTP function returned into a "string" or, from an HttpResponse, an "http".

    Raises TypeError for anything else, None included: the converter takes no more, and the worker fails the call
    (`get_datum` in azure_functions_runtime/bindings/meta.py).
    """
    try:
        datum: meta.Datum = converter("http").encode(value, expected_type=None)
    except NotImplementedError:
        kind = type(value).__name__
        raise TypeError(f"an HTTP function returns an HttpResponse or a str, not a {kind}") from None
    return datum


async def close_client_session() -> None:
    """Close the HTTP session that all durable clients of this process share; run it on the functions' loop."""
    await sdk_http._close_session()  # noqa: SLF001  # the SDK offers no other way to release it
    # The module's lock remembers the loop it was first contended on; the next host has another loop.
    sdk_http._session_lock = asyncio.Lock()  # noqa: SLF001  # as above


def orchestrator_handle(generator: Callable[[Any], Any]) -> Handle:
    """Wrap a plain generator function as the durable decorator does."""
    return azure.durable_functions.Orchestrator.create(generator)


def converter(binding: str) -> Any:
    """Return the converter for a type of binding, None if azure-functions has none."""
    return meta.get_binding_registry().get(binding)  # type: ignore[no-untyped-call]  # azure-functions has partial types
