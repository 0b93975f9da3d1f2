"""Requests that must not reach an app, over a real connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

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
