from __future__ import annotations

import pytest

from devkit.azure.errors import ArmError
from devkit.azure.shapes import (
    BOOL,
    INT,
    MAP,
    READ_ONLY,
    STR,
    Many,
    Matching,
    Must,
    OneOf,
    Shape,
    Tagged,
    Values,
    Within,
    check,
)

SHAPE: Shape = {
    "name": Must(STR),
    "id": READ_ONLY,
    "tags": MAP,
    "size": INT,
    "on": BOOL,
    "kind": OneOf(("Linux", "Windows")),
    "parts": Many({"name": Must(STR)}),
}


def test_a_good_body_loses_nulls_and_read_only_parts_and_gets_the_shapes_case() -> None:
    body: dict[str, object] = {
        "NAME": "a",
        "id": "/x",
        "size": None,
        "kind": "linux",
        "tags": {"any": {"thing": 1}},
        "parts": [],
    }
    assert check(SHAPE, body) == {"name": "a", "kind": "Linux", "tags": {"any": {"thing": 1}}, "parts": []}


def test_every_bad_path_is_named_at_once() -> None:
    body: dict[str, object] = {"size": True, "on": 1, "kind": "BSD", "parts": [{"name": "a"}, {"color": 1}], "what": 1}
    with pytest.raises(ArmError) as refused:
        check(SHAPE, body)
    targets = [detail["target"] for detail in refused.value.details]
    assert targets == ["parts[1].color", "what", "size", "on", "kind", "parts[1].name", "name"]
    assert (refused.value.status, refused.value.code) == (400, "InvalidRequestContent")


@pytest.mark.parametrize("body", [[], "text", {"name": "a", "parts": {}}, {"name": "a", "parts": [1]}])
def test_the_wrong_kind_of_value_is_refused(body: object) -> None:
    with pytest.raises(ArmError, match="InvalidParameter"):
        check(SHAPE, body)


@pytest.mark.parametrize(
    ("shape", "value", "told"),
    [
        (Matching("[a-z]+"), "abc", ""),
        (Matching("[a-z]+"), "abc1", "part: expected a string that matches [a-z]+"),
        (Within(0, 9), 9, ""),
        (Within(0, 9), 10, "part: expected an integer of at least 0 and at most 9"),
        (Within(1), True, "part: expected an integer of at least 1"),
        (Values(STR), {"a": "x"}, ""),
        (Values(STR), {"a": 1}, "part.a: expected a string"),
        (Values(STR), [], "part: expected an object"),
        (Tagged("kind", {"A": {"size": INT}}), {"kind": "A", "size": 1}, ""),
        (Tagged("kind", {"A": {"size": INT}}), {"kind": "B"}, "part.kind: 'B' is not one of A"),
        (Tagged("kind", {"A": {"size": INT}}), {"kind": "A", "colour": 1}, "part.colour: unknown property"),
        (Tagged("kind", {"A": {}}), "A", "part: expected an object"),
    ],
)
def test_each_kind_of_shape_says_what_is_wrong_with_a_value(shape: Shape, value: object, told: str) -> None:
    if not told:
        assert check({"part": shape}, {"part": value}) == {"part": value}
        return
    with pytest.raises(ArmError) as caught:
        check({"part": shape}, {"part": value})
    assert caught.value.message == f"The request content is invalid: {told}"
