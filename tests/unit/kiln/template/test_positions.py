from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.template.positions import place_of, positions
from kiln.template.wording import path_text

TEXT = """{
  "a": 1, "b c": {"d\\"e": [true,
    {"f": "x{,[\\\\"}, []]},
  "g": {}
}"""


def test_values_are_found_by_line_and_column() -> None:
    known = {
        "$": (1, 1),
        "a": (2, 3),
        "['b c']": (2, 11),
        "['b c']['d\\\"e']": (2, 19),
        "['b c']['d\\\"e'][0]": (2, 28),
        "['b c']['d\\\"e'][1]": (3, 5),
        "['b c']['d\\\"e'][1].f": (3, 6),
        "['b c']['d\\\"e'][2]": (3, 22),
        "g": (4, 3),
    }
    assert positions(TEXT, known) == known
    assert positions(TEXT, ["['b c']['d\\\"e'][1].f"]) == {
        path: known[path]
        for path in ("$", "['b c']", "['b c']['d\\\"e']", "['b c']['d\\\"e'][1]", "['b c']['d\\\"e'][1].f")
    }


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("g", (4, 3)),
        ("g.missing.deeper", (4, 3)),
        ("['b c']['d\\\"e'][1].f", (3, 6)),
        ("['b c']['d\\\"e'][7].x", (2, 19)),
        ("['b c']['it\\'s']", (2, 11)),
        ("nowhere", (1, 1)),
        ("$", (1, 1)),
    ],
)
def test_what_is_not_there_is_where_it_would_be(path: str, place: tuple[int, int]) -> None:
    assert place_of(positions(TEXT, [path]), path) == place


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> set[str]:
    """Return the path of every value in a JSON value."""
    named = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path_text(path), *(found for name, item in named for found in places(item, (*path, name)))}


@given(values, st.sampled_from([None, 2]))
def test_every_value_has_a_place(value: Any, indent: int | None) -> None:
    assert set(positions(json.dumps(value, indent=indent), places(value))) == places(value)


def test_a_text_with_many_values_below_long_names_takes_little_time_and_memory() -> None:
    value: Any = [1] * 100_000
    for _ in range(80):
        value = {"n" * 200: value}
    begun = time.monotonic()

    assert positions(json.dumps(value), ["other"]) == {"$": (1, 1)}
    assert time.monotonic() - begun < 30, "less than a second; the paths alone would be 1.6 GB"
