from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.cli.faults import UsageFailure
from kiln.cli.json_file import DEEPEST, LARGEST, parse_json, read_json
from kiln.template.positions import positions

if TYPE_CHECKING:
    from pathlib import Path

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_json_is_read_as_json_however_its_strings_look(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert parse_json(text, "x") == (text, value)
    assert parse_json(f"/* \" */{text}//'", "x")[1] == value


def test_comments_become_spaces_so_that_every_value_keeps_its_place() -> None:
    text = '{ // one "a": 1,\r\n  "b": [1, /* , ] */ "//x", 2, ], /* "c":\n 3 */\n  "d": "/* */",\n}'
    cleaned, value = parse_json(text, "x")
    assert value == {"b": [1, "//x", 2], "d": "/* */"}
    assert positions(cleaned, ["b[1]"])["b[1]"] == (2, 22)
    assert positions(cleaned, ["d"])["d"] == (4, 3)


def test_a_string_may_have_several_lines() -> None:
    assert parse_json('{"a": "one\r\ntwo"}', "x")[1] == {"a": "one\ntwo"}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a": }', r"x:1:7: not JSON: Expecting value"),
        ('{\n"a": 1 /* never ends', r"x:2:\d+: not JSON"),
        ('{"a": "never ends', r"x:1:7: not JSON: Unterminated string"),
        ("[1,, 2]", r"x:1:4: not JSON"),
        ("[NaN]", "NaN is not a JSON value"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), f"more than {DEEPEST} lists and objects within each other"),
        ("[" * 100_000, f"more than {DEEPEST} lists"),
    ],
)
def test_what_is_no_json_says_where(text: str, why: str) -> None:
    with pytest.raises(UsageFailure, match=why):
        parse_json(text, "x")


def test_as_many_levels_as_are_allowed_are_read() -> None:
    text = "[" * DEEPEST + "]" * DEEPEST
    assert parse_json(text, "x")[0] == text


@pytest.mark.parametrize("part", ["/*", "//", '"', "/", ",", ", ", "\\", '"\\', "[/*", "{"])
def test_a_file_is_read_in_time_that_grows_with_its_length(part: str) -> None:
    begun = time.monotonic()
    with pytest.raises(UsageFailure):
        parse_json(part * (1_000_000 // len(part)), "x")
    assert time.monotonic() - begun < 30, "each takes less than a second; quadratic ones would take hours"


def test_a_file_that_is_too_large_or_in_no_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    with file.open("wb") as opened:
        opened.truncate(LARGEST + 1)
    with pytest.raises(UsageFailure, match="larger than 8 MiB"):
        read_json(file)
    file.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(UsageFailure, match=r"not UTF-8 text \(byte 7\)"):
        read_json(file)
    file.write_bytes("{}".encode("utf-16") + b"\x00")
    with pytest.raises(UsageFailure, match="not UTF-16 text"):
        read_json(file)
