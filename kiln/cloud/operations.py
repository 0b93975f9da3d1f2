"""Long-running operations of ARM: started without waiting for their end, and asked about later by their URL.

It knows the protocol (Microsoft's "Track asynchronous Azure operations"), but not what an operation does.
"""

from __future__ import annotations

import contextlib
import http
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kiln.cloud import clients
from kiln.cloud.failures import GENERAL_HINT, azure, failed, innermost
from kiln.config import config
from kiln.contracts.base import Operation, Progress
from kiln.errors import AzureFailed, AzureNotFound, InternalFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from azure.core.pipeline import PipelineResponse
    from azure.core.pipeline.policies import RequestHistory

SOON = 90
"""The most seconds that an activity itself waits for an operation; such operations take a few."""
POLLING = 2
"""Seconds between two looks at such an operation."""
PENDING = {"inprogress", "running", "accepted", "creating", "updating", "deleting", "pending"}


def start(doing: str, begin: Callable[..., Any], *args: Any, **kwargs: Any) -> Operation:
    """Call an SDK's `begin_...` method without waiting, and return the operation with the URL to ask for its end.

    Raises what `azure` raises; an `AzureFailed` is `unclear` if an earlier try by the SDK may have had its effect.
    """
    answers: list[PipelineResponse[Any, Any]] = []
    try:
        with azure(doing):
            begin(*args, polling=False, raw_response_hook=answers.append, **kwargs)
            response = answers[-1].http_response
            refuse_page(response)
    except AzureFailed as error:
        error.unclear = may_have_worked(answers)
        raise
    headers = response.headers
    url = headers.get("Azure-AsyncOperation") or headers.get("Location")
    return Operation(doing=doing, url=url, retry_after=_seconds(headers.get("Retry-After")))


def finish(doing: str, begin: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call an SDK's `begin_...` method for an operation of seconds, wait for its end and return the result.

    Raises what `azure` raises, and `TimeoutError` (worth another try) when it is not over within `SOON`.
    """
    with azure(doing):
        poller = begin(*args, polling_interval=POLLING, **kwargs)
        result = poller.result(timeout=SOON)
    if not poller.done():
        raise TimeoutError(f"{doing}: it was not over within {SOON} s")
    return result


def may_have_worked(answers: list[PipelineResponse[Any, Any]]) -> bool:
    """Whether the SDK tried the call more than once, and an earlier try may have had its effect.

    azure-core's `RetryPolicy` keeps its tries in the context. A throttled one certainly had no effect.
    """
    earlier: list[RequestHistory[Any, Any]] = answers[-1].context.get("history", []) if answers else []
    throttled = http.HTTPStatus.TOO_MANY_REQUESTS
    return any(tried.http_response is None or tried.http_response.status_code != throttled for tried in earlier)


def refuse_page(response: Any) -> None:
    """Raise `DecodeError` for a successful answer that is not JSON: it is a proxy's page, and Azure did nothing."""
    from azure.core.exceptions import DecodeError

    kind = response.headers.get("Content-Type", "")
    if "json" not in kind and response.text().strip():
        raise DecodeError(f"the answer is {kind or 'without a Content-Type'}, not JSON", response=response)


def together(doing: str, operations: Iterable[Operation]) -> Operation:
    """Return several operations that were started together as one operation."""
    started = tuple(operations)
    urls = tuple(url for operation in started for url in (operation.url, *operation.more) if url)
    pause = max((operation.retry_after for operation in started), default=0.0)
    return Operation(doing=doing, url=urls[0] if urls else None, more=urls[1:], retry_after=pause)


def check(operation: Operation) -> Progress:
    """Ask how far an operation is. Raises `AzureFailed` when it, or one that was started with it, failed."""
    urls = (operation.url, *operation.more) if operation.url else operation.more
    answers = [_ask(operation.doing, url) for url in urls]
    waiting = [answer for answer in answers if not answer.done]
    return Progress(done=not waiting, retry_after=max((answer.retry_after for answer in waiting), default=0.0))


def tell_failure(operation: Operation | None, hint: str) -> None:
    """Raise `AzureFailed` with Azure's reason if an operation that nobody waited for failed, as far as Azure knows it.

    Azure forgets an operation after a while: then nothing is raised.
    """
    if operation is None or operation.url is None:
        return
    with contextlib.suppress(AzureNotFound):
        _ask(operation.doing, operation.url, hint)


def _ask(doing: str, url: str, hint: str = GENERAL_HINT) -> Progress:
    _refuse_strangers(url)
    from azure.core.rest import HttpRequest

    client = clients.resources("00000000-0000-0000-0000-000000000000")  # the URL says the subscription
    with azure(doing):
        answer = client.send_request(HttpRequest("GET", url))
        answer.raise_for_status()
    retry_after = _seconds(answer.headers.get("Retry-After"))
    if answer.status_code == http.HTTPStatus.ACCEPTED:
        return Progress(done=False, retry_after=retry_after)
    body = answer.json() if answer.content else {}
    status = _status(body)
    if status in {"failed", "canceled", "cancelled"}:
        code, message = innermost(body)
        code, message = code or f"Operation{status.title()}", message or f"the operation is {status}"
        raise failed(doing, code, message, hint=hint)
    return Progress(done=status not in PENDING, retry_after=retry_after)


def _status(body: Any) -> str:
    """Return the status in an operation's body; if that is the resource itself (Location), its provisioningState."""
    if not isinstance(body, dict):
        return "succeeded"
    state = body.get("status") or (body.get("properties") or {}).get("provisioningState") or "succeeded"
    return str(state).lower()


def _refuse_strangers(url: str) -> None:
    """Raise `InternalFailure` for a URL that is not ARM's: the app's token must not go anywhere else."""
    if urlsplit(url).netloc.lower() != urlsplit(config().arm_endpoint).netloc.lower():
        raise InternalFailure(f"an operation's URL is not on {config().arm_endpoint}", target=urlsplit(url).netloc)


def _seconds(value: str | None) -> float:
    try:
        return max(0.0, float(value)) if value else 0.0
    except ValueError:
        return 0.0  # an HTTP date: ask again at our own pace
