from __future__ import annotations

import pytest

from kiln.config import Config, Invalid, Missing

STATE = {"KILN_STATE_ENDPOINT": "https://state.blob.core.windows.net/"}


def test_what_is_not_set_has_its_default() -> None:
    settings = Config.read(STATE)

    assert settings.state_endpoint == "https://state.blob.core.windows.net"
    assert settings.artifact_limit == 4 * 1024**3
    assert settings.blob_suffixes == (".blob.core.windows.net",)
    assert settings.client_id is None


def test_settings_come_from_the_environment() -> None:
    more = {"KILN_ARTIFACT_LIMIT_MB": "20", "KILN_BLOB_SUFFIXES": ".Blob.core.chinacloudapi.cn, 127.0.0.1:10000,"}

    settings = Config.read(STATE | more)

    assert settings.artifact_limit == 20 * 1024**2
    assert settings.blob_suffixes == (".blob.core.chinacloudapi.cn", "127.0.0.1:10000")


def test_what_is_missing_or_wrong_is_named() -> None:
    with pytest.raises(Missing, match="KILN_STATE_ENDPOINT"):
        Config.read({})
    with pytest.raises(Invalid, match="artifact_limit_mb"):
        Config.read(STATE | {"KILN_ARTIFACT_LIMIT_MB": "many"})


def test_servers_that_may_be_private_are_hosts_or_networks() -> None:
    settings = Config.read(STATE | {"KILN_PRIVATE_ARTIFACTS": "Nexus.corp:8081, .lab.corp, 10.1.2.3/16"})

    assert settings.private_artifacts == ("nexus.corp:8081", ".lab.corp", "10.1.0.0/16")
    assert Config.read(STATE).private_artifacts == ()
    with pytest.raises(Invalid, match="KILN_PRIVATE_ARTIFACTS"):
        Config.read(STATE | {"KILN_PRIVATE_ARTIFACTS": "10.1.0.0/99"})


@pytest.mark.parametrize("host", ["https://images.example", "a b", "images.example/x", "images.example\n", "a@b"])
def test_a_public_host_is_a_host_and_perhaps_a_port(host: str) -> None:
    assert Config.read(STATE | {"KILN_PUBLIC_HOST": "images.example:8443"}).public_host == "images.example:8443"
    with pytest.raises(Invalid, match="public_host"):
        Config.read(STATE | {"KILN_PUBLIC_HOST": host})
