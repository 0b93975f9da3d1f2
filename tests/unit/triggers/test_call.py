from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from kiln.errors import RequestInvalid, RequestTooLarge, ResourceNotFound
from kiln.template.versions import API_VERSIONS
from tests.app_settings import set_settings
from tests.unit.triggers.requests import request
from triggers.call import BODY_LIMIT, Call
from triggers.orchestrations import DurableOrchestrations
from triggers.refusals import LengthRequired

if TYPE_CHECKING:
    import azure.functions as func


def call(made: func.HttpRequest) -> Call:
    return Call.read(made, DurableOrchestrations(None), datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize("version", API_VERSIONS)
def test_every_stable_api_version_is_taken(version: str) -> None:
    assert call(request(query={"API-Version": version})).api_version == version


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "MissingApiVersionParameter"),
        ({"api-version": ""}, "MissingApiVersionParameter"),
        ({"api-version": "2019-05-01-preview"}, "InvalidApiVersionParameter"),
    ],
)
def test_any_other_api_version_is_refused(query: dict[str, str], code: str) -> None:
    with pytest.raises(RequestInvalid) as raised:
        call(request(query=query))
    assert raised.value.detail.code == code


@pytest.mark.parametrize("name", ["web", "a.b-c_d", "x" * 64, ".hidden"])
def test_template_names_are_those_of_aib(name: str) -> None:
    assert call(request(name=name)).template.name == name


@pytest.mark.parametrize("name", ["", ".", "..", "x" * 65, "a b", "a/b", "é", "web\n"])
def test_any_other_template_name_is_refused(name: str) -> None:
    with pytest.raises(RequestInvalid) as raised:
        call(request(name=name)).template  # noqa: B018  # reading it is the check
    assert raised.value.detail.code == "InvalidResourceName"


@pytest.mark.parametrize("group", ["Bildfabrik-\u00c4\u00f6\u00df", "(x)", "_"])
def test_group_names_of_other_languages_are_taken(group: str) -> None:
    assert call(request(group=group)).template.group == group


@pytest.mark.parametrize("group", ["..", "ends.", "a/b", "", "x" * 91, "rg\n", "a%2fb", "\u212a", "\u0130"])
def test_group_names_that_arm_refuses_are_refused(group: str) -> None:
    with pytest.raises(RequestInvalid) as raised:
        call(request(group=group)).template  # noqa: B018  # reading it is the check
    assert raised.value.detail.code == "InvalidResourceGroupName"


def test_ids_that_kiln_never_makes_are_not_found() -> None:
    for run in ("../x", "20261122-022112-3f9c8a1b\n"):
        with pytest.raises(ResourceNotFound):
            _ = call(request(run=run)).run_id
    with pytest.raises(ResourceNotFound):
        _ = call(request(operation="x")).operation_id
    assert call(request(run="20261122-022112-3F9C8A1B")).run_id == "20261122-022112-3f9c8a1b"


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({}, "http://127.0.0.1:7071"),
        ({"X-Forwarded-Proto": "https"}, "https://127.0.0.1:7071"),
        ({"X-Forwarded-Proto": "https,http"}, "https://127.0.0.1:7071"),
        ({"X-Forwarded-Host": "attacker.example"}, "http://127.0.0.1:7071"),
        ({"X-Original-Host": "attacker.example", "Forwarded": "host=attacker.example"}, "http://127.0.0.1:7071"),
        ({"X-Forwarded-Proto": "javascript"}, "http://127.0.0.1:7071"),
    ],
)
def test_urls_are_as_the_client_reaches_the_api_and_not_as_it_says(headers: dict[str, str], origin: str) -> None:
    assert call(request(headers=headers)).url("/here") == f"{origin}/here?api-version=2025-10-01"


def test_urls_are_those_of_the_front_end_that_the_settings_name(monkeypatch: pytest.MonkeyPatch) -> None:
    set_settings(monkeypatch, KILN_PUBLIC_HOST="images.example:8443")

    made = call(request(headers={"X-Forwarded-Host": "attacker.example", "X-Forwarded-Proto": "http"}))

    assert made.url("/here") == "https://images.example:8443/here?api-version=2025-10-01"


def test_a_forwarded_scheme_never_makes_a_link_plain() -> None:
    made = request(headers={"X-Forwarded-Proto": "http"})
    made._HttpRequest__url = "https://kiln.example/some/path"  # type: ignore[attr-defined]  # the worker sets it

    assert call(made).url("/here").startswith("https://kiln.example/here")


def test_a_name_that_is_no_plain_text_is_quoted_in_links() -> None:
    link = call(request()).url("/resourceGroups/grün\r\nX-Evil: 1/a%20b")

    assert link == "http://127.0.0.1:7071/resourceGroups/gr%C3%BCn%0D%0AX-Evil:%201/a%20b?api-version=2025-10-01"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a": 1,}', "line 1, column"),
        (b"", "line 1, column 1"),
        (b'{"a": NaN}', "NaN is no JSON value"),
        (b'{"a": "\xff"}', "not UTF-8 at byte 7"),
        (b"[" * 100_000, "nested too deeply"),
        (b"1" * 5000, "too many digits"),
    ],
)
def test_a_body_that_is_not_json_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(RequestInvalid, match=said) as raised:
        call(request(body=body)).json()
    assert raised.value.detail.code == "InvalidRequestContent"


def test_a_body_may_begin_with_a_byte_order_mark() -> None:
    assert call(request(body=b'\xef\xbb\xbf{"a": 1}')).json() == {"a": 1}


def test_a_body_over_the_limit_is_refused() -> None:
    assert call(request(body=b'"' + b"x" * (BODY_LIMIT - 2) + b'"')).json()
    with pytest.raises(RequestTooLarge):
        call(request(body=b'"' + b"x" * (BODY_LIMIT - 1) + b'"')).json()


@pytest.mark.parametrize("text", ["-1", "1.5", "", "²", "x"])
def test_an_offset_is_a_whole_number(text: str) -> None:
    query: dict[str, Any] = {"api-version": "2025-10-01", "offset": text}
    with pytest.raises(RequestInvalid, match="whole number"):
        call(request(query=query)).natural("offset", 0)
    assert call(request()).natural("offset", 7) == 7


def test_a_body_that_came_in_chunks_is_asked_for_again_instead_of_taken_for_none() -> None:
    with pytest.raises(LengthRequired):
        call(request(headers={"transfer-encoding": "chunked"}))
    assert call(request(body=b"{}", headers={"Transfer-Encoding": "chunked"})).json() == {}
