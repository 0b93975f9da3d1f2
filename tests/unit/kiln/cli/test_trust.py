from __future__ import annotations

import importlib.metadata
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

from kiln.cli.trust import GROUP, Trust, trust_in

if TYPE_CHECKING:
    import pytest

NOBODY = Trust(file=None, named_by="")


def vouch(origin: str) -> str | None:
    return "/an/authority.pem" if origin == "https://127.0.0.1:7073" else None


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint(name="test", value=f"{__name__}:vouch", group=GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [entry])
    monkeypatch.setattr(EntryPoint, "load", lambda _: vouch)


def test_an_installed_package_may_vouch_for_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)

    assert trust_in("https://127.0.0.1:7073/account/blob?sig=x", NOBODY).file == "/an/authority.pem"
    assert trust_in("https://stkiln.blob.core.windows.net/blob", NOBODY) == NOBODY


def test_a_package_knows_its_server_better_than_a_variable_for_all_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    everyones = Trust(file="/etc/ssl/bundle.pem", named_by="REQUESTS_CA_BUNDLE")

    assert trust_in("https://127.0.0.1:7073/account/blob", everyones).file == "/an/authority.pem"
    assert trust_in("https://example.com/blob", everyones) == everyones


def test_a_file_that_the_user_named_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    named = Trust(file="/mine.pem", named_by="--ca-file")

    assert trust_in("https://127.0.0.1:7073/account/blob", named) == named
