"""A proxy with TLS before Azurite that lets blob requests go wrong, by the same rules as the local Azure's own.

It owns the way of a request through it; it must not know what is in the blobs. Only requests of Azure's SDKs meet the
rules and the observer: what the local Azure, a machine or Azurite itself asks for passes as it is.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar
from xml.sax.saxutils import escape

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from devkit.azure.faults import Faults
from devkit.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from types import TracebackType

    from devkit.azure.faults import Fault
    from devkit.azurite.certificates import Certificates

T = TypeVar("T")
_SDK = "azsdk-"
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
"""Headers of one connection, not passed on. The host is passed on: Azurite copies from its own address alone."""
_LARGEST_BODY = 256 * 1024 * 1024  # bytes
_SECONDS = 30
_CLOSING = 0.25  # seconds


@dataclass
class FaultProxy:
    """A running proxy to `target` (scheme, host, port), on an event loop in a thread of its own; a context manager."""

    target: str
    certificates: Certificates
    observer: Callable[[str, str, int, Mapping[str, str], bytes], None] | None = None
    """Told of each request that met the rules: method, path with query, status, headers and body of the answer."""
    faults: Faults = field(default_factory=Faults)

    def __enter__(self) -> Self:
        """Serve on a free port."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="the proxy before Azurite")
        self._thread.start()
        self.port = self._run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving, and the thread."""
        try:
            self._run(self._stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    @property
    def origin(self) -> str:
        """Scheme, host and port of the proxy."""
        return f"https://127.0.0.1:{self.port}"

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    async def _start(self) -> int:
        connector = aiohttp.TCPConnector(ssl=self.certificates.client_context())
        self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/{path:(?s:.*)}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        if self._runner.server is None:
            raise RuntimeError("aiohttp made no server")
        self._listener = Listener(self._runner.server, self.certificates.server_context())
        return await self._listener.start("127.0.0.1", 0)

    async def _stop(self) -> None:
        await self._listener.stop()
        await self._runner.cleanup()
        await self._listener.abort()
        await self._session.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}  # held back, their clients gone
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(_CLOSING)  # aiohttp's "Graceful Shutdown": TLS connections need a moment to close

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            if not request.headers.get("User-Agent", "").startswith(_SDK):
                return await self._forward(request)
            response = await self._meet(request, self.faults.meet(request.method, request.path))
        except aiohttp.ClientConnectionError:  # Azurite is not there: without a proxy there would be no answer
            response = None
        if response is None:
            return _drop(request)
        if self.observer is not None:
            body = response.body if isinstance(response.body, bytes) else b""
            self.observer(request.method, request.path_qs, response.status, response.headers, body)
        return response

    async def _meet(self, request: web.Request, fault: Fault | None) -> web.Response | None:
        """Answer a request as its rule says; None if the client is to see no answer."""
        if fault is None:
            return await self._forward(request)
        rule = fault.rule
        await asyncio.sleep(rule.get("delay", 0))
        raw = fault.raw()
        if raw is not None:
            status, text, headers = raw
            return web.Response(status=status, text=text, headers=headers)
        if rule.get("drop") == "before":
            return None
        if "status" in rule:
            return _refused(request, fault)
        response = await self._forward(request)
        if rule.get("drop") == "after":
            return None
        await asyncio.sleep(rule.get("hold", 0))
        if "truncate" in rule and isinstance(response.body, bytes):
            response.body = fault.cut(response.body)
        return response

    async def _forward(self, request: web.Request) -> web.Response:
        """Ask Azurite, and answer what it answered."""
        sent = CIMultiDict((name, value) for name, value in request.headers.items() if name.lower() not in _HOP)
        # `encoded`: a signature in the query must arrive as it was signed.
        url = URL(self.target + request.raw_path, encoded=True)
        async with self._session.request(
            request.method, url, headers=sent, data=await request.read(), allow_redirects=False
        ) as answer:
            body = await answer.read()
            headers = CIMultiDict((name, value) for name, value in answer.headers.items() if name.lower() not in _HOP)
            if request.method == "HEAD" and "Content-Length" in answer.headers:
                headers["Content-Length"] = answer.headers["Content-Length"]
            return web.Response(status=answer.status, headers=headers, body=body)


def _refused(request: web.Request, fault: Fault) -> web.Response:
    """Return a refusal in the blob service's form ("Status and error codes"): XML, and its code in a header as well."""
    error = fault.error()
    headers = {"x-ms-error-code": error["code"], "Content-Type": "application/xml"} | fault.headers()
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f"<Error><Code>{escape(error['code'])}</Code><Message>{escape(error['message'])}</Message></Error>"
    )
    return web.Response(status=fault.rule["status"], headers=headers, text=None if request.method == "HEAD" else text)


def _drop(request: web.Request) -> web.StreamResponse:
    """Cut the connection, so that the client sees no answer at all."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
