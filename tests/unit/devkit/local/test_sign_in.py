from __future__ import annotations

import pytest

from devkit.local import sign_in
from devkit.local.endpoints import Endpoints
from devkit.local.trust import announced

ENDPOINTS = ("https://127.0.0.1:1", "https://127.0.0.1:2", "https://127.0.0.1:3")


@pytest.fixture
def endpoints(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Endpoints:
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    ca = folder / "ca.pem"
    ca.write_text("a certificate")
    return Endpoints(*ENDPOINTS, str(ca))


def test_tokens_are_for_the_api_and_the_azure_of_a_running_local_kiln_alone(endpoints: Endpoints) -> None:
    with announced(endpoints):
        assert sign_in.token_source("https://127.0.0.1:1") is not None
        assert sign_in.token_source("https://localhost:2") is not None
        others = ("https://127.0.0.1:3", "https://127.0.0.1:4", "https://kiln.example:1")
        for other in (*others, "http://127.0.0.1:1", "https://kiln.example"):
            assert sign_in.token_source(other) is None, other
    assert sign_in.token_source("https://127.0.0.1:1") is None
