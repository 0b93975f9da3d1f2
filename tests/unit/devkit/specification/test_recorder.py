from __future__ import annotations

import httpx

from devkit.specification import Recorder, of_httpx


def test_what_was_taken_is_forgotten() -> None:
    recorder = Recorder()
    recorder.observe("get", "/a?x=1", b"", 200, {"Content-Type": "application/json"}, b'{"a": 1}')
    (seen,) = recorder.take()
    assert (seen.method, seen.path, seen.query, seen.request, seen.answer) == ("GET", "/a", {"x": "1"}, None, {"a": 1})
    assert recorder.take() == []


def test_an_httpx_client_tells_what_it_sent_and_got() -> None:
    recorder = Recorder()

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, json={"got": request.content.decode()}, headers={"Location": "/next"})

    with httpx.Client(transport=httpx.MockTransport(answer), event_hooks=of_httpx(recorder)) as client:
        client.put("https://x/a b?api-version=1", json=[1], headers={"Authorization": "Bearer planted"})
    (seen,) = recorder.take()
    assert (seen.method, seen.path, seen.api_version, seen.status) == ("PUT", "/a b", "1", 201)
    assert (seen.request, seen.answer, seen.headers["location"]) == ([1], {"got": "[1]"}, "/next")
    assert "planted" not in repr(vars(seen))
