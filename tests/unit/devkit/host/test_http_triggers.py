"""HTTP functions, called over a real connection."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

    from devkit.host.server import Host

pytestmark = pytest.mark.sockets


def test_a_request_reaches_the_function_unchanged(host: Host, http: httpx.Client) -> None:
    headers = {"X-Forwarded-Host": "public.example", "X-Forwarded-Proto": "https", "X-Twice": "1"}
    seen = http.put("/things/a%20b/c/d%2Fe?x=1&y=%26&empty=", content="payload", headers=headers).json()
    assert seen["method"] == "PUT"
    assert seen["url"] == f"{host.address}/things/a%20b/c/d%2Fe?x=1&y=%26&empty="
    assert seen["params"] == {"name": "a b", "rest": "c/d%2Fe"}
    assert seen["query"] == {"x": "1", "y": "&"}
    assert seen["body"] == "payload"
    assert seen["headers"]["host"] == host.address.removeprefix("http://")
    assert seen["headers"]["x-forwarded-host"] == "public.example"
    assert seen["headers"]["x-forwarded-proto"] == "https"


def test_a_line_break_in_a_path_leads_to_the_function_too(http: httpx.Client) -> None:
    assert http.get("/things/a%0Ab/c").json()["params"] == {"name": "a\nb", "rest": "c"}


def test_the_url_follows_the_host_header(http: httpx.Client) -> None:
    seen = http.get("/things/a/b", headers={"Host": "localhost:81"}).json()
    assert seen["url"] == "http://localhost:81/things/a/b"


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("x=1&x=2", {"x": "1,2"}),
        ("Skip=1&top=3&SKIP=2", {"Skip": "1,2", "top": "3"}),
        ("x=&flag&y=1&&=", {"y": "1"}),
        ("x=&x=2&x=", {"x": "2"}),
        ("%20a+b=+c%2Fd%2B&%20b=%C3%A4", {" a b": " c/d+", " b": "ä"}),
        ("x=%FF%41&y=100%&z=a=b", {"x": "%FFA", "y": "100%", "z": "a=b"}),
        ("=nameless", {"": "nameless"}),
    ],
)
def test_a_query_reaches_the_function_as_the_host_reads_it(
    http: httpx.Client, query: str, seen: dict[str, str]
) -> None:
    answer = http.get(http.base_url.copy_with(path="/things/a/b", query=query.encode()))
    assert answer.json()["query"] == seen


def test_header_names_come_in_lower_case_and_repeated_ones_joined_without_the_empty(http: httpx.Client) -> None:
    sent = [("X-Given", "1"), ("x-given", ""), ("X-GIVEN", "2"), ("X-Empty", "")]
    seen = http.get("/things/a/b", headers=sent).json()["headers"]
    assert (seen["x-given"], seen["x-empty"]) == ("1,2", "")
    assert not [name for name in seen if name != name.lower()]


def test_literals_ignore_case_and_an_empty_segment_matches_nothing(host: Host, http: httpx.Client) -> None:
    assert http.get("/THINGS/a/B").json()["params"] == {"name": "a", "rest": "B"}
    assert http.get("/things/a/b//c").json()["params"] == {"name": "a", "rest": "b//c"}
    assert http.get(f"{host.address}//things/a/b").status_code == 404
    assert http.get("/things//a/b").status_code == 404


def test_the_url_is_written_anew(host: Host, http: httpx.Client) -> None:
    seen = http.get("/thing%73/%41/%5B", params={"x": "%41"}).json()
    assert seen["url"] == f"{host.address}/things/A/%5B?x=%2541"


def test_a_null_character_in_the_path_is_refused(http: httpx.Client) -> None:
    assert http.get("/things/a%00/b").status_code == 400


def test_asynchronous_functions_headers_and_cookies(http: httpx.Client) -> None:
    response = http.delete("/cookies")
    assert response.text == "eaten"
    assert response.headers["X-Method"] == "DELETE"
    assert response.cookies["a"] == "1"
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_function_that_returns_nothing_fails(http: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    response = http.post("/nothing")
    assert (response.status_code, response.content) == (500, b"")
    assert "an HTTP function returns an HttpResponse or a str, not a NoneType" in caplog.text


@pytest.mark.parametrize(
    ("text", "status"), [("plain: 1", 200), ("", 200), ('{"body": 1}', 500), ("{a:1}", 500), ("7", 500)]
)
def test_a_returned_text_is_sent_unless_the_host_would_parse_it(http: httpx.Client, text: str, status: int) -> None:
    response = http.post("/text", content=text.encode())
    assert (response.status_code, response.text) == (status, text if status == 200 else "")
    if status == 200:
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_header_that_differs_in_case_alone_is_sent_once(http: httpx.Client) -> None:
    assert http.post("/twice").headers.get_list("X-Case") == ["first"]


def test_an_unknown_path_is_an_empty_404(http: httpx.Client) -> None:
    response = http.get("/nowhere")
    assert (response.status_code, response.content) == (404, b"")


def test_another_method_of_a_known_path_is_404_as_in_the_functions_host(http: httpx.Client) -> None:
    assert http.get("/nothing").status_code == 404


def test_an_exception_is_an_empty_500_and_its_traceback_is_in_the_log(
    http: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = http.get("/broken")
    assert (response.status_code, response.content) == (500, b"")
    assert "RuntimeError: deliberate" in caplog.text


def test_a_function_gets_an_invocation_context(http: httpx.Client) -> None:
    response = http.post("/start/chain", json=0)
    assert uuid.UUID(response.headers["X-Invocation"]).version == 4


def test_a_body_in_chunks_does_not_reach_the_function(http: httpx.Client) -> None:
    seen = http.put("/things/a/b", content=iter([b"pay", b"load"])).json()
    assert (seen["body"], seen["headers"]["transfer-encoding"]) == ("", "chunked")


def test_a_body_where_there_can_be_none_is_a_500(http: httpx.Client) -> None:
    assert http.post("/bodied").status_code == 500


@pytest.mark.parametrize(("value", "status"), [("plain", 200), ("\ttabs and ~", 200), ("ü", 500), ("a\x7fb", 500)])
def test_a_header_that_cannot_be_sent_is_a_500(http: httpx.Client, value: str, status: int) -> None:
    assert http.post("/header", content=value.encode()).status_code == status


@pytest.mark.parametrize(("value", "status"), [("ü".encode(), 200), (b"\xff", 400)])
def test_a_header_that_is_no_text_is_a_400(http: httpx.Client, value: bytes, status: int) -> None:
    assert http.get("/things/a/b", headers=[(b"X-Given", value)]).status_code == status


def test_what_only_app_service_may_say_of_a_caller_is_taken_off(http: httpx.Client) -> None:
    forged = {"X-MS-CLIENT-PRINCIPAL": "e30=", "x-ms-client-principal-id": "me", "X-MS-TOKEN-AAD-ACCESS-TOKEN": "t"}
    seen = http.put("/things/a/b", headers=forged | {"Authorization": "Bearer t", "X-MS-Request-Id": "r"}).json()
    assert not {name for name in seen["headers"] if name.startswith(("x-ms-client-principal", "x-ms-token"))}
    assert (seen["headers"]["authorization"], seen["headers"]["x-ms-request-id"]) == ("Bearer t", "r")
