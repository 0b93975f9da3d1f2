"""Request paths as the web server of the Functions host reads them."""

from __future__ import annotations

import pytest

from devkit.host.paths import PathError, decoded, escaped


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/a/b", "/a/b"),
        ("/a%20b%41", "/a bA"),
        ("/a%2Fb%2fc", "/a%2Fb%2fc"),
        ("/a%252Fb", "/a%2Fb"),
        ("/%C3%BC%E2%82%ac%F0%9F%98%80", "/ü€😀"),
        ("/%FF%41", "/%FFA"),  # no UTF-8
        ("/%E2%82x", "/%E2%82x"),  # cut short
        ("/%E2%82%41", "/%E2%82A"),
        ("/%ED%A0%80", "/%ED%A0%80"),  # a surrogate
        ("/%C0%AF", "/%C0%AF"),  # overlong
        ("/100%", "/100%"),
        ("/%zz", "/%zz"),
        ("//a///b//", "//a///b//"),
        ("/a/./b/../c", "/a/c"),
        ("/a/%2E%2e/b", "/b"),
        ("/../a", "/a"),
        ("/a/..", "/"),
        ("/a/b/.", "/a/b/"),
        ("/a/...", "/a/..."),
    ],
)
def test_escapes_are_decoded_but_for_slashes(raw: str, path: str) -> None:
    assert decoded(raw) == path


@pytest.mark.parametrize("raw", ["/a%00b", "/ü", "http://127.0.0.1/a", "*", ""])
def test_what_the_web_server_refuses(raw: str) -> None:
    with pytest.raises(PathError):
        decoded(raw)


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/a b/ü", "/a%20b/%C3%BC"),
        ("/a%2Fb", "/a%2Fb"),
        ("/100%", "/100%25"),
        ("/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@"),
        ('/"<>[]?#', "/%22%3C%3E%5B%5D%3F%23"),
    ],
)
def test_a_url_has_the_path_escaped_again(path: str, url: str) -> None:
    assert escaped(path) == url
