from __future__ import annotations

import importlib.metadata
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pytest

from tests.unit.kiln.cli.command_line import run
from tests.unit.kiln.cli.fake_kiln import ENDPOINT, Answer, FakeKiln

if TYPE_CHECKING:
    from kiln.cli.sign_in import GetToken

PLAIN = ENDPOINT.replace("https:", "http:")
NO_TOKEN = {"KILN_TOKEN": ""}


def refusal(status: int, code: str) -> FakeKiln:
    return FakeKiln(overrides={"GET x": Answer(status, {"error": {"code": code, "message": "No."}})})


def known(origin: str) -> GetToken | None:
    return (lambda: "from-a-package") if origin == ENDPOINT else None


def broken(_origin: str) -> GetToken:
    def get() -> str:
        raise OSError("nobody there")

    return get


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "known")


def install(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    entry = EntryPoint(name="test", value=f"{__name__}:{function}", group="kiln.sign_in")
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda *, group: [entry] if group == entry.group else [])
    monkeypatch.setattr(EntryPoint, "load", lambda _: globals()[function])


@pytest.mark.usefixtures("package")
def test_a_package_that_knows_the_server_signs_in() -> None:
    kiln = FakeKiln()
    run("list", kiln=kiln, environment=NO_TOKEN)
    assert kiln.sent[0].headers["Authorization"] == "Bearer from-a-package"


@pytest.mark.usefixtures("package")
def test_the_users_own_token_comes_before_a_packages() -> None:
    kiln = FakeKiln()
    run("list", kiln=kiln, environment={"KILN_TOKEN": "mine"})
    assert kiln.sent[0].headers["Authorization"] == "Bearer mine"


@pytest.mark.usefixtures("package")
def test_a_package_is_not_asked_over_plain_http() -> None:
    kiln = FakeKiln()
    run("list", "--endpoint", PLAIN, kiln=kiln, environment=NO_TOKEN)
    assert "Authorization" not in kiln.sent[0].headers


def test_a_package_that_gets_no_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "broken")
    kiln = FakeKiln()
    result = run("list", kiln=kiln, environment=NO_TOKEN)
    assert result.exit_code == 1
    assert f"{__name__}:broken got no token: nobody there" in " ".join(result.stderr.split())
    assert kiln.sent == []


def test_a_refused_sign_in_over_plain_http_says_that_no_token_was_sent() -> None:
    kiln = refusal(401, "AuthenticationFailed")
    result = run("show", "x", "--endpoint", PLAIN, kiln=kiln, environment={"KILN_TOKEN": "t"})
    assert f"Over plain http no token is ever sent. Use the https endpoint: --endpoint {ENDPOINT}" in said(
        result.stderr
    )
    assert "Authorization" not in kiln.sent[0].headers


def test_a_refused_token_of_the_users_own_is_named_with_how_to_get_another() -> None:
    kiln = refusal(401, "AuthenticationFailed")
    result = run("show", "x", "--scope", "api://k/.default", kiln=kiln, environment={"KILN_TOKEN": "t"})
    assert "The token in KILN_TOKEN is not accepted" in said(result.stderr)
    assert "az account get-access-token --scope api://k/.default" in said(result.stderr)


@pytest.mark.usefixtures("package")
def test_any_other_refused_sign_in_tells_of_the_scope() -> None:
    result = run("show", "x", kiln=refusal(401, "AuthenticationFailed"), environment=NO_TOKEN)
    assert "name Kiln's own scope, api://<client id>/.default, with --scope" in said(result.stderr)


def test_a_token_of_azures_is_for_an_api_that_was_named() -> None:
    kiln = FakeKiln()
    result = run("list", "--endpoint", "https://kiln.example.com", kiln=kiln, environment=NO_TOKEN)
    assert result.exit_code == 2
    assert "To sign in to https://kiln.example.com, name its scope" in said(result.stderr)
    assert kiln.sent == []


def test_no_token_of_azures_is_for_whoever_listens_on_this_machine() -> None:
    kiln = FakeKiln()
    here = ("--endpoint", "https://127.0.0.1:9", "--scope", "api://k/.default")
    result = run("list", *here, kiln=kiln, environment=NO_TOKEN)
    assert result.exit_code == 5
    assert "No local Kiln of yours runs at https://127.0.0.1:9." in said(result.stderr)
    assert "kiln local up" in said(result.stderr)
    assert kiln.sent == []


def test_who_may_not_is_told_whom_to_ask() -> None:
    result = run("show", "x", kiln=refusal(403, "AuthorizationFailed"))
    assert "Ask the people who run this Kiln" in said(result.stderr)


def test_what_is_out_of_reach_is_no_question_of_roles() -> None:
    result = run("show", "x", kiln=refusal(403, "LinkedAuthorizationFailed"))
    assert "LinkedAuthorizationFailed: No." in said(result.stderr)
    assert "Ask the people" not in said(result.stderr)


def said(text: str) -> str:
    """Return a screen's text without its line breaks."""
    return " ".join(text.split())
