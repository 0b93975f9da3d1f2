"""Hooks that let a client tell a recorder what it sent and got: for httpx, and for the Azure SDKs.

It owns how each client shows its exchanges; it must not know what is done with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from devkit.specification.recorder import Recorder


def of_httpx(recorder: Recorder) -> dict[str, list[Callable[[httpx.Response], None]]]:
    """Return the `event_hooks` of an httpx client."""

    def told(response: httpx.Response) -> None:
        request = response.request
        target = request.url.raw_path.decode()
        recorder.observe(
            request.method, target, request.read(), response.status_code, response.headers, response.read()
        )

    return {"response": [told]}


def of_sdk(recorder: Recorder) -> Callable[[Any], None]:
    """Return the `raw_response_hook` of an azure-core client (its CustomHookPolicy); streams are read to their end."""

    def told(pipeline_response: Any) -> None:
        request, response = pipeline_response.http_request, pipeline_response.http_response
        url = urlsplit(request.url)
        sent = request.content if isinstance(request.content, bytes) else (request.content or "").encode()
        recorder.observe(
            request.method, f"{url.path}?{url.query}", sent, response.status_code, response.headers, response.read()
        )

    return told
