"""The Durable HTTP API, public and for durable clients alike.

It owns paths, status codes and parameters of HttpApiHandler in Azure/azure-functions-durable-extension; it must not
know how the engine works, nor who may ask.
"""

from __future__ import annotations

import asyncio
import json
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from devkit.host.control import InstanceIdError, UnknownInstanceError
from devkit.host.durable_pages import CONTINUATION, PAGE, Page, asked_statuses, page_of
from devkit.host.durable_payloads import error_payload, history_payload, management_urls, status_payload
from devkit.host.functions import UnknownOrchestratorError
from devkit.host.protocol import RuntimeStatus, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from devkit.host.engine import Engine
    from devkit.host.records import Instance

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class DurableApi:
    """Handlers for everything below the webhook path and the RPC path."""

    def __init__(self, engine: Engine, hub_name: str, key: str) -> None:
        self._engine = engine
        self._hub_name = hub_name
        self._key = key

    def routes(self, base: str) -> list[web.RouteDef]:
        """Return the routes below `base`."""
        one = f"{base}/instances/{{id}}"
        return [
            web.post(f"{base}/orchestrators/{{name}}", self._guard(self._start)),
            web.post(f"{base}/orchestrators/{{name}}/{{id}}", self._guard(self._start)),
            web.get(f"{base}/instances", self._guard(self._list)),
            web.get(f"{base}/instances/", self._guard(self._list)),
            web.delete(f"{base}/instances", self._guard(self._purge_many)),
            web.delete(f"{base}/instances/", self._guard(self._purge_many)),
            web.get(one, self._guard(self._status)),
            web.delete(one, self._guard(self._purge)),
            web.post(f"{one}/raiseEvent/{{event}}", self._guard(self._raise_event)),
            web.post(f"{one}/terminate", self._guard(partial(self._act, self._engine.terminate))),
            web.post(f"{one}/suspend", self._guard(partial(self._act, self._engine.suspend))),
            web.post(f"{one}/resume", self._guard(partial(self._act, self._engine.resume))),
            web.post(f"{one}/rewind", self._guard(self._rewind)),
            web.post(f"{one}/restart", self._guard(self._restart)),
        ]

    def _guard(self, handler: Callable[[web.Request], Any]) -> Callable[[web.Request], Any]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                response: web.StreamResponse = await handler(request)
            except web.HTTPException:
                raise
            except json.JSONDecodeError as error:
                return web.json_response(error_payload("Invalid JSON content", error), status=400)
            except (UnknownOrchestratorError, UnknownInstanceError, InstanceIdError) as error:
                message = "One or more of the arguments submitted is incorrect"
                return web.json_response(error_payload(message, error), status=400)
            except Exception as error:
                log.exception("%s %s failed", request.method, request.path)
                message = "Something went wrong while processing your request"
                return web.json_response(error_payload(message, error), status=500)
            return response

        return guarded

    async def _start(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        given = json.dumps(json.loads(body)) if body else None
        instance_id = await _in_thread(
            self._engine.start_new,
            request.match_info["name"],
            request.match_info.get("id"),
            given,
            request.query.get("version"),
        )
        return await self._accepted_or_result(request, instance_id)

    async def _accepted_or_result(self, request: web.Request, instance_id: str) -> web.StreamResponse:
        # The extension waits only if both parameters are there; this engine needs no polling interval.
        if "timeout" in request.query and "pollingInterval" in request.query:
            try:
                ended = await _in_thread(self._engine.wait, instance_id, float(request.query["timeout"]))
            except TimeoutError:
                log.debug("instance '%s' is not finished within the client's timeout", instance_id)
            else:
                payload = status_payload(ended, show_input=True)
                if ended.runtime_status is RuntimeStatus.COMPLETED:
                    return web.json_response(payload["output"])
                failed = ended.runtime_status is RuntimeStatus.FAILED
                return web.json_response(payload, status=500 if failed else 200)
        urls = management_urls(f"{request.scheme}://{request.host}", instance_id, self._hub_name, self._key)
        del urls["rewindPostUri"]  # the extension leaves it out here
        headers = {"Location": urls["statusQueryGetUri"], "Retry-After": "10"}
        return web.json_response(urls, status=202, headers=headers)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        """Answer with a page of statuses; with a continuation token where more may follow (`Page` says how)."""
        page = await self._page(request)
        show_input = _flag(request, "showInput", default=True)
        headers = {CONTINUATION: page.token}  # the extension has it always, empty at the end
        return web.json_response([status_payload(item, show_input=show_input) for item in page.found], headers=headers)

    async def _page(self, request: web.Request) -> Page:
        statuses = asked_statuses(request.query.get("runtimeStatus", ""))
        there = await _in_thread(self._engine.query, (), request.query.get("instanceIdPrefix", ""))
        window = (_moment(request, "createdTimeFrom"), _moment(request, "createdTimeTo"))
        top = request.query.get("top", "")
        size = int(top) if top.isdecimal() else PAGE
        return page_of(there, statuses, window, size, request.headers.get(CONTINUATION, ""))

    async def _purge_many(self, request: web.Request) -> web.StreamResponse:
        """Purge what was created within the times, both included, and is in one of the states.

        States in which an instance is not over are dropped from the query; where no other is left, all instances of the
        time are purged, running ones too (PurgeInstanceHistoryAsync of AzureTableTrackingStore and GetODataFilter of
        OrchestrationInstanceStatusQueryCondition in Azure/durabletask, 5217032). All is done before the answer comes.
        """
        since, before = _moment(request, "createdTimeFrom"), _moment(request, "createdTimeTo")
        if since is None:
            return web.json_response("Please provide value for 'createdTimeFrom' parameter.", status=400)
        statuses = [each for each in asked_statuses(request.query.get("runtimeStatus", "")) if each.terminal]
        found = await _in_thread(self._engine.query, statuses, "", since, before)
        purged = [await _in_thread(self._engine.purge, item.instance_id) for item in found]
        deleted = sum(purged)
        return web.json_response({"instancesDeleted": deleted}) if deleted else web.Response(status=404)

    async def _status(self, request: web.Request) -> web.StreamResponse:
        instance = await self._instance(request)
        payload = status_payload(instance, show_input=_flag(request, "showInput", default=True))
        if _flag(request, "showHistory", default=False):
            events = await _in_thread(self._engine.history, instance.instance_id)
            show_output = _flag(request, "showHistoryOutput", default=False)
            payload["historyEvents"] = history_payload(events, show_output=show_output)
        if not instance.runtime_status.terminal:
            headers = {"Location": str(request.url), "Retry-After": "5"}
            return web.json_response(payload, status=202, headers=headers)
        failed = instance.runtime_status is RuntimeStatus.FAILED
        as_error = failed and _flag(request, "returnInternalServerErrorOnFailure", default=False)
        return web.json_response(payload, status=500 if as_error else 200)

    async def _purge(self, request: web.Request) -> web.StreamResponse:
        instance = await self._instance(request)
        deleted = await _in_thread(self._engine.purge, instance.instance_id)
        return web.json_response({"instancesDeleted": int(deleted)})

    async def _raise_event(self, request: web.Request) -> web.StreamResponse:
        instance = await self._running(request)
        if request.content_type != "application/json":
            return web.json_response("Only application/json request content is supported", status=400)
        body = await request.text()
        data = json.dumps(json.loads(body)) if body else None
        await _in_thread(self._engine.raise_event, instance.instance_id, request.match_info["event"], data)
        return web.Response(status=202)

    async def _act(self, operation: Callable[[str, str], None], request: web.Request) -> web.StreamResponse:
        instance = await self._running(request)
        await _in_thread(operation, instance.instance_id, request.query.get("reason", ""))
        return web.Response(status=202)

    async def _rewind(self, request: web.Request) -> web.StreamResponse:
        instance = await self._instance(request)
        if instance.runtime_status is not RuntimeStatus.FAILED:
            raise web.HTTPGone(text="")
        await _in_thread(self._engine.rewind, instance.instance_id, request.query.get("reason", ""))
        return web.Response(status=202)

    async def _restart(self, request: web.Request) -> web.StreamResponse:
        with_new_id = _flag(request, "restartWithNewInstanceId", default=True)
        old_id = request.match_info["id"]
        new_id = await _in_thread(partial(self._engine.restart, old_id, with_new_id=with_new_id))
        return await self._accepted_or_result(request, new_id)

    async def _instance(self, request: web.Request) -> Instance:
        instance = await _in_thread(self._engine.status, request.match_info["id"])
        if instance is None:
            raise web.HTTPNotFound(text="")
        return instance

    async def _running(self, request: web.Request) -> Instance:
        instance = await self._instance(request)
        if instance.runtime_status.terminal:
            raise web.HTTPGone(text="")
        return instance


async def _in_thread(function: Callable[..., Result], *given: Any) -> Result:
    """Call the engine, which blocks on the store, without blocking the server's loop."""
    return await asyncio.get_running_loop().run_in_executor(None, function, *given)


def _flag(request: web.Request, name: str, *, default: bool) -> bool:
    text = request.query.get(name, "").lower()
    return text == "true" if text in ("true", "false") else default


def _moment(request: web.Request, name: str) -> datetime | None:
    """Return a time of the query; None if it is missing or malformed (`TryGetDateTimeQueryParameterValue`)."""
    try:
        return parse_timestamp(request.query[name])
    except (KeyError, ValueError):
        return None
