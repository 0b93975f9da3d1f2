"""The JSON-lines channel, against a peer that answers late, out of order, with rubbish, or not at all."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from devkit.guests.port import GuestPoweredOff
from devkit.guests.qemu.channel import Channel, CommandFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def with_peer(tmp_path: Path, peer: Peer, scenario: Callable[[Channel], Awaitable[None]]) -> None:
    async def main() -> None:
        hung_up = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await peer(reader, writer)
            await reader.read()
            writer.close()
            await writer.wait_closed()
            hung_up.set()

        async with await asyncio.start_unix_server(serve, tmp_path / "socket"):
            channel = await Channel.connect(tmp_path / "socket", "peer")
            await asyncio.wait_for(scenario(channel), 10)
            await channel.close()
            await asyncio.wait_for(hung_up.wait(), 10)

    asyncio.run(main())


def send(writer: asyncio.StreamWriter, message: dict[str, object], prefix: bytes = b"") -> None:
    writer.write(prefix + json.dumps(message).encode() + b"\n")


def test_replies_out_of_order_reach_their_requests(tmp_path: Path) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = [json.loads(await reader.readline()) for _ in range(2)]
        for request in reversed(requests):
            send(writer, {"return": request["execute"], "id": request["id"]})

    async def scenario(channel: Channel) -> None:
        answers = await asyncio.gather(*(channel.request(name, {}, limit=5) for name in ("a", "b")))
        assert answers == ["a", "b"]

    with_peer(tmp_path, peer, scenario)


def test_stale_replies_and_half_lines_are_skipped(tmp_path: Path) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = json.loads(await reader.readline())
        writer.write(b'{"ret\n')
        send(writer, {"return": "stale", "id": 99})
        send(writer, {"return": "right", "id": request["id"]}, prefix=b'{"half":\xff')

    async def scenario(channel: Channel) -> None:
        assert await channel.request("x", {}, limit=5) == "right"

    with_peer(tmp_path, peer, scenario)


def test_a_refusal_carries_the_peers_words(tmp_path: Path) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = json.loads(await reader.readline())
        send(writer, {"error": {"class": "GenericError", "desc": "no such file"}, "id": request["id"]})

    async def scenario(channel: Channel) -> None:
        with pytest.raises(CommandFailed, match="no such file"):
            await channel.request("x", {}, limit=5)

    with_peer(tmp_path, peer, scenario)


def test_a_request_in_flight_fails_when_the_machine_goes_off(tmp_path: Path) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async def scenario(channel: Channel) -> None:
        with pytest.raises(GuestPoweredOff):
            await channel.request("x", {}, limit=5)
        with pytest.raises(GuestPoweredOff):
            await channel.request("y", {}, limit=5)

    with_peer(tmp_path, peer, scenario)


def test_an_event_wakes_who_expects_it(tmp_path: Path) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = json.loads(await reader.readline())
        send(writer, {"event": "RESET", "data": {}})
        send(writer, {"return": {}, "id": request["id"]})

    async def scenario(channel: Channel) -> None:
        reset = channel.expect_event("RESET")
        await channel.request("system_reset", {}, limit=5)
        assert reset.done()

    with_peer(tmp_path, peer, scenario)


def test_nobody_listening_is_a_machine_that_is_off(tmp_path: Path) -> None:
    with pytest.raises(GuestPoweredOff, match="nothing listens"):
        asyncio.run(Channel.connect(tmp_path / "none", "peer"))
