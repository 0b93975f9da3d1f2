from __future__ import annotations

from devkit.local.environment import app_settings, inherited
from kiln.config import SETTINGS, read


def test_a_developers_own_cloud_and_proxy_do_not_reach_the_parts() -> None:
    own = {
        "PATH": "/bin",
        "AZURE_CLIENT_ID": "mine",
        "HTTPS_PROXY": "http://proxy:3128",
        "KILN_STATE_ENDPOINT": "https://real.blob.core.windows.net",
        "REQUESTS_CA_BUNDLE": "/etc/corporate.pem",
    }
    environment = inherited(own)
    assert environment["PATH"] == "/bin"
    assert not environment.keys() & (own.keys() - {"PATH"})


def test_a_chosen_log_level_reaches_the_parts() -> None:
    assert inherited({"KILN_LOG_LEVEL": "DEBUG"})["KILN_LOG_LEVEL"] == "DEBUG"


def test_a_setting_that_is_given_counts_and_leaves_the_others() -> None:
    given = {"KILN_RETENTION_DAYS": "7", "KILN_PRIVATE_ARTIFACTS": ""}
    usual = app_settings(azure="https://azure:7072", state="https://azurite:7073/kilnstate", ca="/ca.pem")
    with_given = app_settings(
        azure="https://azure:7072", state="https://azurite:7073/kilnstate", ca="/ca.pem", given=given.items()
    )
    assert with_given == usual | given


def test_a_local_app_has_settings_that_there_are_and_that_are_accepted() -> None:
    given = app_settings(
        azure="https://azure:7072", state="https://azurite:7073/kilnstate", ca="/ca.pem", topic="https://t"
    )

    assert {name for name in given if name.startswith("KILN_")} <= set(SETTINGS)
    assert read(given).bad == ()


def test_the_app_is_told_where_its_azure_its_state_and_its_identity_are() -> None:
    assert app_settings(
        azure="https://127.0.0.1:7072", state="https://127.0.0.1:7073/kilnstate", ca="/data/tls/ca.pem"
    ) == {
        "KILN_ARM_ENDPOINT": "https://127.0.0.1:7072",
        "KILN_STATE_ENDPOINT": "https://127.0.0.1:7073/kilnstate",
        "KILN_BLOB_SUFFIXES": "127.0.0.1:7073",
        "KILN_PRIVATE_ARTIFACTS": "localhost,127.0.0.0/8,::1/128",
        "KILN_AUTH_AUTHORITY": "https://127.0.0.1:7072/00000000-0000-0000-0000-00000000000a",
        "KILN_AUTH_AUDIENCES": "api://kiln",
        "KILN_REACH": '[{"templates": "/", "resources": '
        '["/subscriptions/00000000-0000-0000-0000-000000000001", "https://127.0.0.1:7073"]}]',
        "IDENTITY_ENDPOINT": "http://127.0.0.1:7072/msi/token",
        "IDENTITY_HEADER": "local",
        "REQUESTS_CA_BUNDLE": "/data/tls/ca.pem",
        "SSL_CERT_FILE": "/data/tls/ca.pem",
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
    }
