from __future__ import annotations

import socket

import pytest

from devkit.ports import PortTaken, is_taken, refuse_taken

pytestmark = pytest.mark.sockets


def test_a_port_is_taken_while_somebody_listens() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        assert is_taken(port)
        with pytest.raises(PortTaken, match=rf"port {port} for Azurite is in use"):
            refuse_taken(port, "Azurite")
    assert not is_taken(port)
    refuse_taken(port, "Azurite")
