from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiln.access.scopes import Scope, arm_segments, is_within, url_segments

GROUP = "/subscriptions/s/resourceGroups/shared"
IMAGE = f"{GROUP}/providers/Microsoft.Compute/galleries/g/images/web"
BLOBS = "https://images.blob.core.windows.net/vhds"


def test_ids_are_compared_by_whole_segments_and_in_any_case() -> None:
    shared = arm_segments(GROUP)

    assert shared is not None
    assert is_within(arm_segments(GROUP.upper()), shared)
    assert is_within(arm_segments(IMAGE), shared)
    assert not is_within(arm_segments(f"{GROUP}-too"), shared)
    assert not is_within(arm_segments("/subscriptions/s"), shared)


@pytest.mark.parametrize(
    "trick",
    [
        "",
        "subscriptions/s",
        "//subscriptions/s",
        f"{GROUP}/",
        f"{GROUP}//providers",
        f"{GROUP}/..",
        f"{GROUP}/../private",
        f"{GROUP}/.",
        f"{GROUP}/...",
        f"{GROUP}/%2e%2e/private",
        f"{GROUP}%2fprivate",
        f"{GROUP}\\..\\private",
        f"{GROUP}?api-version=1",
        f"{GROUP}#x",
        f"{GROUP} ",
        f"{GROUP}\n",
        f"{GROUP}\x00",
        f"{GROUP};x",
        f"{GROUP}/a:b",
        f"{GROUP}/\uff0e\uff0e/private",
        f"{GROUP}\u2215private",
        f"{GROUP}/a\u200bb",
    ],
)
def test_an_id_that_somebody_may_read_in_another_way_is_none(trick: str) -> None:
    assert arm_segments(trick) is None


def test_a_letter_that_only_python_takes_for_another_is_another() -> None:
    """`str.lower` makes a k of the Kelvin sign; Azure takes both for what they are."""
    assert arm_segments("/subscriptions/s/resourceGroups/\u212a") != arm_segments("/subscriptions/s/resourceGroups/k")


def test_urls_are_compared_by_scheme_host_port_and_whole_segments() -> None:
    vhds = url_segments(BLOBS)

    assert vhds is not None
    for inside in (f"{BLOBS}/", f"{BLOBS}/a/b.vhd", f"{BLOBS}:443/a".replace("vhds:443", "vhds"), f"{BLOBS}/a%20b.vhd"):
        assert is_within(url_segments(inside), vhds), inside
    assert is_within(url_segments("HTTPS://Images.Blob.Core.Windows.Net:443/vhds/a"), vhds)
    for beside in (
        f"{BLOBS}-too/a.vhd",
        "http://images.blob.core.windows.net/vhds/a.vhd",
        "https://images.blob.core.windows.net:444/vhds/a.vhd",
        "https://images.blob.core.windows.net:0/vhds/a.vhd",
        "https://images.blob.core.windows.net/VHDS/a.vhd",
        "https://images.blob.core.windows.net.example.com/vhds/a.vhd",
        "https://images.blob.core.windows.net/",
    ):
        assert not is_within(url_segments(beside), vhds), beside


@pytest.mark.parametrize(
    "trick",
    [
        "",
        "images.blob.core.windows.net/vhds",
        "ftp://images.blob.core.windows.net/vhds",
        "https:///vhds",
        "https://user@images.blob.core.windows.net/vhds",
        "https://images.blob.core.windows.net@example.com/vhds",
        "https://example.com\\@images.blob.core.windows.net/vhds",
        "https://images.blob.core.windows.net./vhds",
        "https://images..blob.core.windows.net/vhds",
        "https://images.blob.core.windows.net:x/vhds",
        "https://[::1]/vhds",
        "https://[/vhds",
        f"{BLOBS}/../private/a.vhd",
        f"{BLOBS}/./a.vhd",
        f"{BLOBS}/%2e%2e/private/a.vhd",
        f"{BLOBS}/.%2E/private/a.vhd",
        f"{BLOBS}/..%2fprivate",
        f"{BLOBS}/a%5cb",
        f"{BLOBS}/a%252e",
        f"{BLOBS}/a%00b",
        f"{BLOBS}/a%0ab",
        f"{BLOBS}/a%ff",
        f"{BLOBS}//a.vhd",
        f"{BLOBS}/a.vhd?sv=1&sig=secret",
        f"{BLOBS}/a.vhd#x",
        f"{BLOBS}/a b.vhd",
        f"{BLOBS}/a\n.vhd",
        f"{BLOBS}/\u2025/a.vhd",
    ],
)
def test_a_url_that_somebody_may_read_in_another_way_is_none(trick: str) -> None:
    assert url_segments(trick) is None


@given(st.text(max_size=30))
@example("..")
@example("a/../../private")
def test_whatever_follows_a_prefix_does_not_lead_out_of_it(rest: str) -> None:
    """Either the text is refused, or every part of it is a name."""
    for segments in (arm_segments(f"{GROUP}/{rest}"), url_segments(f"{BLOBS}/{rest}")):
        assert segments is None or not {"", ".", ".."} & set(segments)
        assert segments is None or not any(mark in part for part in segments for mark in "/\\%?#")


def test_a_scope_covers_what_is_at_and_below_it() -> None:
    template = f"{GROUP}/providers/Microsoft.VirtualMachineImages/imageTemplates/web-1"

    for scope in ("/", "/subscriptions/S", GROUP, template, template.replace("web-1", "WEB*")):
        assert Scope.parse(scope).covers(template), scope
    for scope in ("/subscriptions/s2", f"{GROUP}2", template.replace("web-1", "web"), template.replace("web-1", "x*")):
        assert not Scope.parse(scope).covers(template), scope
    assert not Scope.parse(template.replace("web-1", "web*")).covers(GROUP)
    assert not Scope.parse(GROUP).covers(f"{GROUP}/../other")


@pytest.mark.parametrize(
    "text", ["", "*", "/*", "subscriptions/s", "/providers/x", "/subscriptions", "/subscriptions*", f"{GROUP}/..", "//"]
)
def test_what_is_no_scope_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a scope"):
        Scope.parse(text)
