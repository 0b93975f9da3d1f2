"""The search for secrets: a secret is found however it is written, and nothing else is."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from tests.e2e.evidence import Gathered
from tests.e2e.signatures import signature, signatures

PLAIN = "+ab/cd+efGHIJKLMNOPqrstuvwxyz012345678/+ABC="
"""A secret with every sign that URLs and JSON write in more than one way, and a slash among the first."""
CODED = {
    "sdk": quote(PLAIN),
    "full": quote(PLAIN, safe=""),
    "lower": "%2bab%2fcd%2befGHIJKLMNOPqrstuvwxyz012345678%2f%2bABC%3d",
}
URLS = {name: f"https://127.0.0.1:1/account/files/a.sh?sv=1&sig={coded}" for name, coded in CODED.items()}


def written(url: str) -> dict[str, str]:
    """Return a text with the URL in each way that a text may have it."""
    return {
        "as it is": f"cannot read {url}&x=1",
        "JSON": json.dumps({"url": url}),
        "JSON of .NET": json.dumps(url).replace("&", "\\u0026").replace("+", "\\u002B"),
        "JSON of PHP": json.dumps(url).replace("/", "\\/"),
        "HTML": url.replace("&", "&amp;"),
        "in a URL": f"https://login/?return={quote(url, safe='')}&x=1",
        "in a URL, but for slashes": f"https://login/?return={quote(url)}",
    }


@pytest.mark.parametrize("known", [PLAIN, *CODED.values()], ids=["plain", *CODED])
@pytest.mark.parametrize("url", [*URLS.values(), URLS["full"].replace(CODED["full"], PLAIN)], ids=[*CODED, "plain"])
def test_a_signature_is_found_however_it_is_known_and_written(known: str, url: str) -> None:
    places = {how: text.encode() for how, text in written(url).items()}

    assert Gathered(places).with_secret(known) == set(places)
    assert Gathered(places).signed() == set(places)


@pytest.mark.parametrize("before", ["", "a", "ab"])
@pytest.mark.parametrize("code", ["utf-8", "utf-16-le"])
def test_a_signature_is_found_in_base64(before: str, code: str) -> None:
    text = base64.b64encode(f"{before}{PLAIN}".encode(code))
    assert Gathered({"a": text}).with_secret(CODED["sdk"]) == {"a"}


def test_what_is_redacted_is_no_signature() -> None:
    for url in (URLS["sdk"].replace(CODED["sdk"], "REDACTED"), "https://a/b?design=abcdefghijklmnopqrst"):
        places = {how: text.encode() for how, text in written(url).items()}
        assert Gathered(places).signed() == set()
        assert Gathered(places).with_secret(PLAIN) == set()


@pytest.mark.parametrize("name", CODED)
def test_a_signature_that_passed_is_read_whole(name: str) -> None:
    bodies = [written(URLS[name])["JSON"], "", json.dumps({"url": "https://127.0.0.1:1/account/files/b"})]
    assert signature(URLS[name]) == CODED[name]
    assert signatures(bodies) == [("files/a.sh", CODED[name])]
