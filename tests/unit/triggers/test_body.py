from __future__ import annotations

import time

import pytest

from kiln.errors import RequestInvalid, RequestTooLarge
from triggers.body import DEPTH, VALUES, decode


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a": 1, "a": 2}', "has 'a' twice"),
        (b'{"x": {"location": "a", "b": 1, "location": "b"}}', "has 'location' twice"),
        (b'{"\\u0061": 1, "a": 1}', "has 'a' twice"),
        (b'["a\\u0000b"]', "has the character U\\+0000"),
        (b'{"a\\u0000": 1}', "has the character U\\+0000"),
        (b'"\\ud83d"', "half a character, \\\\ud83d"),
        (b'{"\\udc00": 1}', "half a character, \\\\udc00"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b"9223372036854775808", "too many digits"),
        (b"-9223372036854775809", "too many digits"),
        (b"1" * 100_000, "too many digits"),
        (b"1e400", "1e400 is too large"),
        (b"-1e999999999", "is too large"),
        (b"Infinity", "Infinity is no JSON value"),
        (nested(DEPTH + 1), "nested too deeply; 64 levels"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'[{"a":' * 1_000_000, "nested too deeply"),
    ],
)
def test_what_could_be_read_in_two_ways_or_in_none_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(RequestInvalid, match=said) as raised:
        decode(body)
    assert raised.value.detail.code == "InvalidRequestContent"


def test_what_has_one_meaning_is_read() -> None:
    assert decode(b'{"a": {"a": [1, -2.5, null]}, "b": "\\ud83d\\ude00"}') == {"a": {"a": [1, -2.5, None]}, "b": "😀"}
    assert decode(b"[9223372036854775807, -9223372036854775808]") == [2**63 - 1, -(2**63)]
    assert decode(nested(DEPTH - 1))


@pytest.mark.parametrize("item", [b"1", b"{}", b"[]", b'""'])
def test_more_values_than_any_template_has_are_refused_soon(item: bytes) -> None:
    begin = time.process_time()

    with pytest.raises(RequestTooLarge, match="more than 100000 names and values"):
        decode(b"[" + b",".join([item] * (VALUES + 1)) + b"]")

    assert time.process_time() - begin < 5


def test_the_name_that_comes_twice_is_found_soon_among_many() -> None:
    names = b",".join(b'"k%d":1' % number for number in range(300_000))
    begin = time.process_time()

    with pytest.raises(RequestInvalid, match="has 'k299999' twice"):
        decode(b"{" + names + b',"k299999":2}')

    assert time.process_time() - begin < 5
