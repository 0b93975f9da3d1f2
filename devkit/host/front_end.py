"""What Azure's front end keeps from an app: requests for other hosts' names, and bodies that never come.

The first matters here, too, because of pages in browsers: see devkit.browsers.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

from devkit.browsers import refusal

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

BODY_SECONDS = 30.0
"""For a request's whole body: a local client needs moments for the largest one."""


def front_end(own_name: str, body_seconds: float = BODY_SECONDS) -> Middleware:
    """Return what every request passes; `own_name` is the address or name that the host is bound to."""

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
        return await handler(request)

    return guard


def _refused(status: int, code: str, message: str) -> web.Response:
    answer = web.json_response({"error": {"code": code, "message": message}}, status=status)
    answer.force_close()
    return answer
