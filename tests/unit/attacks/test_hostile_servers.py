from __future__ import annotations

import gzip
import itertools
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from kiln.cloud import downloads, pinned
from kiln.cloud.download_errors import Broken, unreached
from kiln.cloud.downloads import download
from kiln.errors import ArtifactUnavailable
from kiln.planner.staging import ArtifactSpec
from tests.app_settings import set_settings
from tests.unit.attacks.raw_server import HEAD, raw_server

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.sockets
PATH = "properties.customize[0].scriptUri"
FILE = "properties.customize[0].sourceUri"
OWN = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    set_settings(
        monkeypatch,
        KILN_STATE_ENDPOINT="https://state.blob.core.windows.net",
        KILN_PRIVATE_ARTIFACTS="127.0.0.1/32",
        KILN_ARTIFACT_LIMIT_MB="1",
    )


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Kiln wait for a server for a moment only."""
    monkeypatch.setattr(pinned, "GRACE_SECONDS", 0.2)


def fetched(url: str, path: str = PATH) -> bytes:
    return b"".join(download(ArtifactSpec(url=url, blob="v1/customize-00", property_path=path)))


def refusal(url: str) -> str:
    with pytest.raises(ArtifactUnavailable) as caught:
        fetched(url)
    assert caught.value.detail.target == PATH
    return str(caught.value)


def dribble(beginning: bytes) -> Iterator[bytes]:
    """Yield a good beginning, then a byte now and then, for ever: no wait between two pieces is long."""
    yield beginning
    for _ in itertools.count():
        threading.Event().wait(0.02)
        yield b"x"


def answer(monkeypatch: pytest.MonkeyPatch, answers: dict[str, list[str]]) -> None:
    """Let each name resolve to its addresses one after the other, and then to the last one for good."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        left = answers.get(name)
        if left is None:
            return resolve(host, *args, **more)
        return resolve(left.pop(0) if len(left) > 1 else left[0], *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_a_name_that_changes_its_address_after_the_look_leads_to_the_address_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        raw_server([OWN]) as port,
        raw_server([b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ninside"], "127.0.0.2", port),
    ):
        answer(monkeypatch, {"rebound.example": ["127.0.0.1", "127.0.0.2"]})

        assert fetched(f"http://rebound.example:{port}/a") == b"own"


def test_the_second_of_two_addresses_is_tried_when_nobody_is_at_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    set_settings(monkeypatch, KILN_PRIVATE_ARTIFACTS="127.0.0.0/8")
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **more: Any) -> Any:
        if host != "two.example":
            return resolve(host, *args, **more)
        return resolve("127.0.0.3", *args, **more) + resolve("127.0.0.1", *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with raw_server([OWN]) as port:
        assert fetched(f"http://two.example:{port}/a") == b"own"


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://169.254.169.254/metadata/identity/oauth2/token", "the instance metadata service"),
        ("http://127.0.0.2:8081/msi/token", "a loopback address"),
        ("//[::ffff:169.254.169.254]/", "the instance metadata service"),
        ("http://user@127.0.0.1/", "a user name before the host"),
        ("http://127.0.0.2:6379/", "a loopback address"),
        ("file:///etc/passwd", "redirects from http to file"),
        ("gopher://127.0.0.1/", "redirects from http to gopher"),
    ],
)
def test_a_redirect_leads_nowhere_that_the_url_itself_could_not_lead(location: str, why: str) -> None:
    redirect = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
    with raw_server([redirect]) as port:
        assert why in refusal(f"http://127.0.0.1:{port}/a")


def test_a_refused_address_is_told_with_property_host_reason_and_setting() -> None:
    message = refusal("http://10.0.0.5/script.sh?sig=secret")

    assert PATH in message
    assert "10.0.0.5 is a private address" in message
    assert "KILN_PRIVATE_ARTIFACTS" in message
    assert "secret" not in message


def test_the_environments_proxy_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with raw_server([OWN]) as port, raw_server([HEAD + b"Content-Length: 5\r\n\r\nproxy"]) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)

        assert fetched(f"http://127.0.0.1:{port}/a") == b"own"


def test_a_file_that_is_compressed_against_the_request_is_not_blown_up() -> None:
    bomb = gzip.compress(bytes(10_000_000))
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    with raw_server([HEAD + head, bomb]) as port:
        assert fetched(f"http://127.0.0.1:{port}/a", FILE) == bomb


@pytest.mark.parametrize("body", [gzip.compress(b"#!/bin/sh"), b"no gzip at all"], ids=["packed", "garbage"])
def test_a_script_that_is_compressed_against_the_request_is_refused_for_no_machine_could_run_it(body: bytes) -> None:
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with raw_server([HEAD + head + body]) as port:
        assert "is a script with Content-Encoding: gzip" in refusal(f"http://127.0.0.1:{port}/a")


@pytest.mark.parametrize(
    "answer",
    [
        "204 No Content\r\n",
        "205 Reset Content\r\nContent-Length: 0\r\n",
        "206 Partial Content\r\nContent-Length: 2\r\n",
    ],
)
@pytest.mark.parametrize("path", [PATH, FILE])
def test_an_answer_that_is_not_the_whole_file_is_refused(answer: str, path: str) -> None:
    with raw_server([f"HTTP/1.1 {answer}\r\n".encode() + b"hi"]) as port:
        status = answer.partition("\r")[0]
        with pytest.raises(ArtifactUnavailable, match=f"answered {status}\\."):
            fetched(f"http://127.0.0.1:{port}/a", path)


def test_a_server_that_goes_without_a_word_is_told_of_in_one_sentence() -> None:
    with raw_server([b""]) as port, pytest.raises(Broken) as broken:
        fetched(f"http://127.0.0.1:{port}/a")

    told = str(unreached(ArtifactSpec(url="http://a", blob="b", property_path=PATH), broken.value))
    assert "without sending a response. Check that the server is up" in told


@pytest.mark.parametrize(
    "beginning",
    [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", HEAD + b"Content-Length: 1000000\r\n\r\n", HEAD + b"\r\n"],
    ids=["status line", "header", "body", "body without an end"],
)
@pytest.mark.usefixtures("impatient")
def test_a_server_that_dribbles_is_given_up_for_another_try(beginning: bytes) -> None:
    begin = time.monotonic()

    with raw_server(dribble(beginning)) as port, pytest.raises(ConnectionError, match="cannot be reached"):
        fetched(f"http://127.0.0.1:{port}/a")

    assert time.monotonic() - begin < 5


@pytest.mark.usefixtures("impatient")
def test_a_server_that_says_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(ConnectionError, match="cannot be reached"):
        fetched(f"http://127.0.0.1:{silent.getsockname()[1]}/a")


def test_a_body_that_never_ends_ends_with_the_time_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "DEADLINE", 0.3)

    with raw_server(itertools.chain([HEAD + b"\r\n"], itertools.repeat(bytes(1000)))) as port:
        assert "did not send the whole file" in refusal(f"http://127.0.0.1:{port}/a")


def test_interim_answers_without_end_end_with_the_time_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "DEADLINE", 0.3)

    with raw_server(itertools.repeat(b"HTTP/1.1 102 Processing\r\n\r\n")) as port:
        assert "did not send the whole file" in refusal(f"http://127.0.0.1:{port}/a")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 10\r\n\r\nfour",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: many\r\n\r\n",
        b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nfour",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\nfour",
        b"Transfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n",
    ],
)
def test_a_length_that_lies_is_no_file(head: bytes) -> None:
    with raw_server([HEAD + head]) as port, pytest.raises(ConnectionError, match="cannot be reached"):
        fetched(f"http://127.0.0.1:{port}/a")


def test_a_length_beyond_all_measure_is_refused_before_the_body() -> None:
    with raw_server([HEAD + b"Content-Length: 10000000000000000000\r\n\r\n"]) as port:
        assert "larger than 1 MiB" in refusal(f"http://127.0.0.1:{port}/a")


def test_headers_without_end_are_given_up() -> None:
    lines = itertools.chain([HEAD], (f"X-{number}: {'x' * 1000}\r\n".encode() for number in itertools.count()))

    with raw_server(lines) as port, pytest.raises(ConnectionError, match="cannot be reached"):
        fetched(f"http://127.0.0.1:{port}/a")
