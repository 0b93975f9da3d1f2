"""What Azure's front end keeps from an app: requests for other hosts' names, and bodies that never come.

The first matters here, too: a page in a browser can give its own name this machine's address (DNS rebinding), and
would then talk to the host as if it were its own.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING

from aiohttp import web
from yarl import URL

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

BODY_SECONDS = 30.0
"""For a request's whole body: a local client needs moments for the largest one."""


def front_end(own_name: str, body_seconds: float = BODY_SECONDS) -> Middleware:
    """Return what every request passes; `own_name` is the address or name that the host is bound to."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_own(request.host, own_name):
            return _refused(421, "MisdirectedRequest", "This host serves the names of this machine alone.")
        try:
            async with asyncio.timeout(body_seconds):
                await request.read()
        except TimeoutError:
            return _refused(408, "RequestTimeout", f"The request's body did not come within {body_seconds:g} s.")
        return await handler(request)

    return guard


def _is_own(place: str, own_name: str) -> bool:
    """Whether `host[:port]` is a name that nobody but this machine can have."""
    try:
        host = URL(f"http://{place}").host or ""
    except ValueError:
        return False
    if host.lower() in {own_name.lower(), "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(status: int, code: str, message: str) -> web.Response:
    answer = web.json_response({"error": {"code": code, "message": message}}, status=status)
    answer.force_close()
    return answer
