"""Azure's front end: keeps requests for other hosts, bodies that never come, and long waits off an app.

The first matters here, too, because of pages in browsers: see devkit.browsers.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiohttp import web

from devkit.browsers import refusal

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

log = logging.getLogger(__name__)

BODY_SECONDS = 30.0
"""Time limit for a request's whole body: a local client needs moments for the largest one."""


RESPONSE_SECONDS = 230.0
"""Time limit for a response, whatever functionTimeout is: "230 seconds is the maximum amount of time that an HTTP
triggered function can take to respond" ("Azure Functions scale and hosting"). The caller then has a 504, and the
function runs on (Azure/Azure-Functions issue 1477, a Python app on Linux)."""


def front_end(
    own_name: str, body_seconds: float = BODY_SECONDS, response_seconds: float = RESPONSE_SECONDS
) -> Middleware:
    """Return the middleware that every request passes; `own_name` is the address or name that the host is bound to."""
    given_up: set[asyncio.Future[web.StreamResponse]] = set()

    def forget(answering: asyncio.Future[web.StreamResponse]) -> None:
        given_up.discard(answering)
        if not answering.cancelled() and answering.exception() is not None:
            log.error("a request that was given up has failed", exc_info=answering.exception())

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        why = refusal(request, own_name)
        if why is not None:
            return _refused(421, "MisdirectedRequest", why)
        try:
            async with asyncio.timeout(body_seconds):
                await request.read()
        except TimeoutError:
            return _refused(408, "RequestTimeout", f"The request's body did not come within {body_seconds:g} s.")
        answering = asyncio.ensure_future(handler(request))
        await asyncio.wait([answering], timeout=response_seconds)
        if not answering.done():
            log.error(
                "%s %s: no response in %g s; the function runs on", request.method, request.path, response_seconds
            )
            given_up.add(answering)
            answering.add_done_callback(forget)
            return _refused(504, "GatewayTimeout", f"There was no response in {response_seconds:g} s.")
        return answering.result()

    return guard


def _refused(status: int, code: str, message: str) -> web.Response:
    answer = web.json_response({"error": {"code": code, "message": message}}, status=status)
    answer.force_close()
    return answer
