from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kiln.config import SETTINGS, Config, binding, config, read, set_names
from kiln.config.setting import SettingsInvalid
from tests.app_settings import set_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STATE = {"KILN_STATE_ENDPOINT": "https://state.blob.core.windows.net/"}
TIMERS = ("KILN_OUTBOX_SCHEDULE", "KILN_WATCH_SCHEDULE", "KILN_SWEEP_SCHEDULE")
SCHEDULES = ("*/30 * * * * *", "0 */15 * * * *", "5 4 * * *", "0,30 0 3 * * MON-FRI")
ACCEPTED: dict[str, dict[str, object]] = {
    "KILN_STATE_ENDPOINT": {"https://a.example/": "https://a.example", "http://127.0.0.1:1/a": "http://127.0.0.1:1/a"},
    "KILN_ARM_ENDPOINT": {"https://management.chinacloudapi.cn/": "https://management.chinacloudapi.cn"},
    "KILN_ARM_SCOPE": {"https://management.chinacloudapi.cn/.default": "https://management.chinacloudapi.cn/.default"},
    "AZURE_CLIENT_ID": {"mine": "mine"},
    "KILN_TOPIC_ENDPOINT": {"https://t.example/api/events": "https://t.example/api/events"},
    "KILN_BLOB_SUFFIXES": {".Blob.example, 127.0.0.1:1,": (".blob.example", "127.0.0.1:1")},
    "KILN_PUBLIC_HOST": {"images.example:8443": "images.example:8443", "images.example": "images.example"},
    "KILN_AUTH_AUTHORITY": {" ": None},
    "KILN_AUTH_AUDIENCES": {"api://a, b,": {"api://a", "b"}, " ": set()},
    "KILN_AUTH_PRINCIPAL_HEADER": {"true": True, " TRUE ": True, "False": False, " ": False},
    "WEBSITE_AUTH_ENABLED": {"True": True, "true": True, "1": False, "no": False},
    "KILN_GRANTS": {"[]": "[]", "nonsense": "nonsense"},
    "KILN_REACH": {"[]": "[]", "nonsense": "nonsense"},
    "KILN_RATE_LIMIT": {"0": 0.0, "0.1": 0.1, "2": 2.0},
    "KILN_ARTIFACT_LIMIT_MB": {"1": 1, "100000": 100000},
    "KILN_PRIVATE_ARTIFACTS": {
        "Nexus.corp:8081, .lab.corp, 10.1.2.3/16": ("nexus.corp:8081", ".lab.corp", "10.1.0.0/16")
    },
    "KILN_REBUILD_CONCURRENCY": {"1": 1, "1000": 1000},
    "KILN_HISTORY_DAYS": {"0": 0, "36500": 36500},
    "KILN_RETENTION_DAYS": {"0": 0, "36500": 36500},
    **{name: {text: text for text in SCHEDULES} for name in TIMERS},
}
"""By setting, values at its bounds and in its forms, and the values that they are read as."""
REFUSED = {
    **dict.fromkeys(
        ("KILN_STATE_ENDPOINT", "KILN_ARM_ENDPOINT"),
        ("state", "ftp://a.example", "https://", "https://a.example?sig=s3cret", "https://me@a.example", "https://[x"),
    ),
    "KILN_PUBLIC_HOST": ("https://images.example", "a b", "images.example/x", "images.example\n", "a@b", "a:123456"),
    "KILN_AUTH_AUTHORITY": ("https://login.example/common", "nobody"),
    "KILN_AUTH_PRINCIPAL_HEADER": ("1", "yes"),
    "KILN_RATE_LIMIT": ("many", "nan", "inf"),
    "KILN_ARTIFACT_LIMIT_MB": ("0", "-1", "1.5", "many"),
    "KILN_PRIVATE_ARTIFACTS": ("10.1.0.0/99", "https://nexus.corp"),
    "KILN_REBUILD_CONCURRENCY": ("0", "-1", "ten"),
    "KILN_HISTORY_DAYS": ("-1", "36501", "a month"),
    "KILN_RETENTION_DAYS": ("-1", "36501", "for ever"),
    **dict.fromkeys(
        TIMERS,
        (
            *("at noon", "99 0 3 * * *", "x 0 3 * * *", "0 99 3 * * *", "0 0 3 * * * *", "1 2 0 3 * * *"),
            *("* * * *", "00:05:00", " "),
        ),
    ),
}
"""By setting, for those that do not take every text, values that are refused."""
WORKS_WITHOUT = {
    *("KILN_AUTH_AUTHORITY", "KILN_AUTH_PRINCIPAL_HEADER", "KILN_GRANTS", "KILN_RATE_LIMIT"),
    *TIMERS,
}


def pairs(values: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in values.items() for text in texts]


def test_each_setting_is_tried() -> None:
    assert list(ACCEPTED) == list(SETTINGS)
    assert set(REFUSED) <= set(SETTINGS)
    bounded = {name for name, setting in SETTINGS.items() if setting.bounds != (None, None)}
    assert bounded <= set(REFUSED)


@pytest.mark.parametrize(("name", "text"), pairs(ACCEPTED))
def test_a_value_in_the_bounds_is_taken(name: str, text: str) -> None:
    settings = read({**STATE, name: text})

    assert getattr(settings, SETTINGS[name].field) == ACCEPTED[name][text]
    assert settings.bad == ()


@pytest.mark.parametrize(("name", "text"), pairs(REFUSED))
def test_a_bad_value_is_told_with_the_settings_name_and_what_is_accepted(name: str, text: str) -> None:
    setting = SETTINGS[name]
    if name in WORKS_WITHOUT:
        settings = read({**STATE, name: text})
        (bad,) = settings.bad
        assert bad.name == name
        message = bad.message
        assert getattr(settings, setting.field) == setting.info.default
    else:
        with pytest.raises(SettingsInvalid) as raised:
            read({**STATE, name: text})
        message = str(raised.value)

    assert message.startswith(f"{name} is ")
    assert "not valid" in message
    assert f"expected {setting.accepts}" in message
    assert (repr(text) in message) is not setting.mark.hidden
    assert "s3cret" not in message


def test_the_app_works_without_what_has_a_harmless_default() -> None:
    assert {name for name, setting in SETTINGS.items() if setting.mark.otherwise} == WORKS_WITHOUT


def test_what_is_not_set_has_its_default() -> None:
    for empty in ({}, dict.fromkeys(SETTINGS.keys() - STATE.keys(), "")):
        assert read({**STATE, **empty}) == Config(state_endpoint="https://state.blob.core.windows.net")
    assert read(STATE).artifact_limit == 4 * 1024**3


@pytest.mark.parametrize("environment", [{}, {"KILN_STATE_ENDPOINT": ""}])
def test_what_is_missing_is_named_with_what_is_accepted(environment: dict[str, str]) -> None:
    with pytest.raises(
        SettingsInvalid, match=r"^KILN_STATE_ENDPOINT is not set, and has no default: expected an http or https URL"
    ):
        read(environment)


def test_all_that_keeps_the_app_from_working_is_told_at_once() -> None:
    with pytest.raises(SettingsInvalid) as raised:
        read({"KILN_HISTORY_DAYS": "x", "KILN_PUBLIC_HOST": "a b", "KILN_RATE_LIMIT": "many"})

    told = [line.split(" ")[0] for line in str(raised.value).split("; ")]
    assert told == ["KILN_STATE_ENDPOINT", "KILN_PUBLIC_HOST", "KILN_HISTORY_DAYS"]


def test_what_looks_like_a_secret_is_in_no_message() -> None:
    with pytest.raises(SettingsInvalid) as raised:
        read({**STATE, "KILN_PRIVATE_ARTIFACTS": "https://me:s3cret@nexus.corp"})
    assert "s3cret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_settings_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_settings(monkeypatch, **STATE, KILN_HISTORY_DAYS="7", KILN_RETENTION_DAYS=None)
    assert config().history_days == 7
    monkeypatch.setenv("KILN_HISTORY_DAYS", "8")
    assert config().history_days == 7
    assert "KILN_HISTORY_DAYS" in set_names()
    assert "KILN_RETENTION_DAYS" not in set_names()


@pytest.mark.parametrize("name", [name for name in SETTINGS if name.endswith("_SCHEDULE")])
def test_a_timer_is_bound_to_its_setting_or_the_default_whatever_else_is_missing(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_settings(monkeypatch, KILN_STATE_ENDPOINT=None, **{name: "0 0 3 * * *"})
    assert binding(name) == f"%{name}%"
    for unset in (None, ""):
        set_settings(monkeypatch, **{name: unset})
        assert binding(name) == SETTINGS[name].default
