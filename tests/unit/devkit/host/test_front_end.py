"""Requests that must not reach an app, over a real connection."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from devkit.host.front_end import front_end

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.sockets


@pytest.mark.parametrize("name", ["attacker.example", "127.0.0.1.attacker.example:7071", "10.0.0.1", "", "[::ffff"])
def test_a_page_that_gives_its_name_this_address_is_refused(http: httpx.Client, name: str) -> None:
    for path in ("/things/a/b", "/runtime/webhooks/durabletask/instances"):
        assert http.get(path, headers={"Host": name}).status_code in {400, 421}


@pytest.mark.parametrize("headers", [{"Origin": "https://attacker.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_page_of_another_place_is_refused(http: httpx.Client, headers: dict[str, str]) -> None:
    assert http.get("/things/a/b", headers=headers).status_code == 421


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST:1", "127.0.0.1:9", "[::1]:7071", "127.1.2.3"])
def test_this_machines_names_are_served(http: httpx.Client, name: str) -> None:
    assert http.get("/things/a/b", headers={"Host": name}).status_code == 200


def test_a_body_that_never_comes_is_given_up() -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(text="served")

    async def ask() -> bytes:
        application = web.Application(middlewares=[front_end("127.0.0.1", body_seconds=0.1)])
        application.router.add_post("/", handler)
        runner = web.AppRunner(application, lingering_time=0.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
        writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nslow")
        try:
            return await asyncio.wait_for(reader.readline(), 10)
        finally:
            writer.close()
            await runner.cleanup()

    assert asyncio.run(ask()).startswith(b"HTTP/1.1 408 ")


def test_a_response_that_never_comes_is_given_up_and_the_handler_runs_on(caplog: pytest.LogCaptureFixture) -> None:
    async def ask() -> tuple[int, str]:
        go_on, gone_on = asyncio.Event(), asyncio.Event()

        async def handler(_: web.Request) -> web.StreamResponse:
            await go_on.wait()
            gone_on.set()
            raise RuntimeError("nobody is told")

        application = web.Application(middlewares=[front_end("127.0.0.1", response_seconds=0.05)])
        application.router.add_get("/slow", handler)
        async with TestServer(application) as server, ClientSession(server.make_url("/")) as client:
            answer = await client.get("/slow")
            text = await answer.text()
            go_on.set()
            await asyncio.wait_for(gone_on.wait(), 10)
        return answer.status, text

    status, text = asyncio.run(ask())
    assert status == 504
    assert json.loads(text)["error"]["message"] == "There was no response in 0.05 s."
    assert "nobody is told" in caplog.text


def test_what_a_handler_raises_is_answered_as_ever() -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        raise ValueError("its own")

    async def ask() -> int:
        application = web.Application(middlewares=[front_end("127.0.0.1")])
        application.router.add_get("/", handler)
        async with TestServer(application) as server, ClientSession(server.make_url("/")) as client:
            return (await client.get("/")).status

    assert asyncio.run(ask()) == 500
