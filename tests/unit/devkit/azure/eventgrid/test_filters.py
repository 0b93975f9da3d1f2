"""Every operator of advanced filters, arrays, missing keys, limits."""

from __future__ import annotations

from typing import Any

import pytest

from devkit.azure.errors import ArmError
from devkit.azure.eventgrid.filters import check_filters, passes

EVENT = {
    "id": "1",
    "subject": "/Kiln/images/A",
    "type": "Kiln.Published",
    "extension": "x",
    "data": {"n": 5, "text": "Azure Image", "flag": True, "null": None, "deep": {"er": "yes"}, "list": [1, "two", 30]},
}


def holds(operator: str, key: str, *values: Any, arrays: bool = False) -> bool:
    item: dict[str, Any] = {"operatorType": operator, "key": key}
    if (operator.startswith("Number") and operator[6:].startswith(("Less", "Greater"))) or operator == "BoolEquals":
        item["value"] = values[0]
    elif values:
        item["values"] = list(values)
    check_filters([item])
    wanted = {"advancedFilters": [item], "enableAdvancedFilteringOnArrays": arrays}
    return passes(wanted, EVENT, event_type="Kiln.Published", subject="/Kiln/images/A")


@pytest.mark.parametrize(
    ("operator", "key", "hits", "misses"),
    [
        ("NumberIn", "data.n", (4, 5), (4, 6)),
        ("NumberNotIn", "data.n", (4, 6), (4, 5)),
        ("NumberLessThan", "data.n", (5.5,), (5,)),
        ("NumberLessThanOrEquals", "data.n", (5,), (4,)),
        ("NumberGreaterThan", "data.n", (4,), (5,)),
        ("NumberGreaterThanOrEquals", "data.n", (5,), (6,)),
        ("NumberInRange", "data.n", ([1, 2], [5, 9]), ([1, 2], [6, 9])),
        ("NumberNotInRange", "data.n", ([1, 2],), ([1, 2], [5, 9])),
        ("BoolEquals", "data.flag", (True,), (False,)),
        ("StringIn", "data.text", ("other", "azure image"), ("azure",)),
        ("StringNotIn", "data.text", ("azure",), ("AZURE IMAGE",)),
        ("StringContains", "data.text", ("ure im",), ("urea",)),
        ("StringNotContains", "data.text", ("urea", "x"), ("x", "ure")),
        ("StringBeginsWith", "data.text", ("azure",), ("image",)),
        ("StringNotBeginsWith", "data.text", ("image",), ("azure",)),
        ("StringEndsWith", "data.text", ("IMAGE",), ("azure",)),
        ("StringNotEndsWith", "data.text", ("azure",), ("image",)),
        ("StringIn", "Subject", ("/kiln/images/a",), ("/kiln",)),
        ("StringIn", "data.deep.er", ("yes",), ("no",)),
        ("StringIn", "extension", ("x",), ("y",)),
        ("IsNotNull", "data.n", (), None),
        ("IsNullOrUndefined", "data.null", (), None),
        ("IsNullOrUndefined", "data.none", (), None),
    ],
)
def test_an_operator_lets_pass_and_holds_back(
    operator: str, key: str, hits: tuple[Any, ...], misses: tuple[Any, ...] | None
) -> None:
    assert holds(operator, key, *hits)
    if misses is not None:
        assert not holds(operator, key, *misses)


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("NumberIn", (1,), False), ("NumberLessThan", (1,), False), ("NumberInRange", ([0, 9],), False),
        ("BoolEquals", (True,), False), ("StringContains", ("x",), False), ("StringNotContains", ("x",), False),
        ("StringNotBeginsWith", ("x",), False), ("StringNotEndsWith", ("x",), False), ("StringIn", ("x",), False),
        ("NumberNotIn", (1,), True), ("StringNotIn", ("x",), True), ("IsNotNull", (), False),
    ],
)  # fmt: skip
def test_an_event_without_the_key_passes_as_documented(
    operator: str, values: tuple[Any, ...], *, expected: bool
) -> None:
    for key in ("data.missing", "data.null", "nothing", "data.n.deeper"):
        assert holds(operator, key, *values) is expected


def test_values_of_another_type_are_ignored() -> None:
    assert not holds("NumberIn", "data.text", 5)
    assert not holds("NumberGreaterThan", "data.flag", 0)
    assert not holds("BoolEquals", "data.n", True)  # noqa: FBT003  # a filter's value
    assert holds("NumberNotIn", "data.text", 5)


def test_an_array_is_looked_into_only_if_that_is_asked_for() -> None:
    assert not holds("NumberIn", "data.list", 30)
    assert holds("NumberIn", "data.list", 30, arrays=True)
    assert holds("StringBeginsWith", "data.list", "tw", arrays=True)
    assert not holds("StringNotIn", "data.list", "two", arrays=True)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, True),
        ({"includedEventTypes": ["Other", "kiln.published"]}, True),
        ({"includedEventTypes": ["Other"]}, False),
        ({"includedEventTypes": ["All"]}, True),
        ({"subjectBeginsWith": "/kiln/", "subjectEndsWith": "/a"}, True),
        ({"subjectBeginsWith": "/kiln/", "isSubjectCaseSensitive": True}, False),
        ({"subjectEndsWith": "/b"}, False),
    ],
)
def test_types_and_subjects(wanted: dict[str, Any], *, expected: bool) -> None:
    assert passes(wanted, EVENT, event_type="Kiln.Published", subject="/Kiln/images/A") is expected


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ([{"operatorType": "StringIn", "key": "a", "values": ["x"]}] * 26, "InvalidParameter"),
        ([{"operatorType": "NumberIn", "key": "a", "values": list(range(26))}], "InvalidParameter"),
        ([{"operatorType": "StringIn", "key": "a", "values": ["x" * 513]}], "InvalidParameter"),
        ([{"operatorType": "StringIn", "key": "a", "values": [1]}], "InvalidParameter"),
        ([{"operatorType": "StringIn", "key": "a", "values": []}], "InvalidParameter"),
        ([{"operatorType": "StringIn", "key": "a", "value": "x"}], "InvalidParameter"),
        ([{"operatorType": "NumberInRange", "key": "a", "values": [[1]]}], "InvalidParameter"),
        ([{"operatorType": "NumberLessThan", "key": "a", "value": True}], "InvalidParameter"),
        ([{"operatorType": "IsNotNull", "key": "a", "values": ["x"]}], "InvalidParameter"),
        ([{"operatorType": "StringLike", "key": "a", "values": ["x"]}], "EmulatorUnsupported"),
    ],
)
def test_what_event_grid_does_not_take_is_refused(filters: list[dict[str, Any]], code: str) -> None:
    with pytest.raises(ArmError) as caught:
        check_filters(filters)
    assert caught.value.code == code
