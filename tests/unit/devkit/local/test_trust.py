from __future__ import annotations

from pathlib import Path

import pytest

from devkit.local.endpoints import Endpoints
from devkit.local.trust import announced, authority_of


@pytest.fixture
def endpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Endpoints:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    ca = tmp_path / "ca.pem"
    ca.write_text("a certificate")
    return Endpoints("https://127.0.0.1:1", "https://127.0.0.1:2", "https://127.0.0.1:3", str(ca))


def test_a_running_local_kiln_vouches_for_its_own_ports_alone(endpoints: Endpoints) -> None:
    with announced(endpoints):
        assert authority_of("https://127.0.0.1:1") == endpoints.ca
        assert authority_of("https://127.0.0.1:2") == endpoints.ca
        assert authority_of("https://127.0.0.1:3") == endpoints.ca
        assert authority_of("https://127.0.0.1:4") is None
        assert authority_of("https://example.com:3") is None
        assert authority_of("https://example.com") is None


def test_nothing_is_trusted_once_it_has_stopped(endpoints: Endpoints) -> None:
    with announced(endpoints):
        pass

    assert authority_of("https://127.0.0.1:3") is None


def test_a_certificate_that_is_gone_is_not_named(endpoints: Endpoints) -> None:
    with announced(endpoints):
        Path(endpoints.ca).unlink()

        assert authority_of("https://127.0.0.1:3") is None
