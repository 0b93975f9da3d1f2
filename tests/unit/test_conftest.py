from __future__ import annotations

import asyncio
import socket

import pytest


def test_a_unit_test_cannot_connect() -> None:
    with socket.socket() as client, pytest.raises(pytest.fail.Exception, match="mark it `sockets`"):
        client.connect(("127.0.0.1", 9))


def test_a_unit_test_cannot_listen() -> None:
    with socket.socket() as server, pytest.raises(pytest.fail.Exception, match="mark it `sockets`"):
        server.bind(("127.0.0.1", 0))


def test_a_unit_test_can_run_an_event_loop() -> None:
    asyncio.run(asyncio.sleep(0))


@pytest.mark.sockets
def test_a_unit_test_that_is_marked_can_listen() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
