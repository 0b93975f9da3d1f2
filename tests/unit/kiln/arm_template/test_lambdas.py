"""Lambda functions against Python's own, for any arrays."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from kiln.arm_template.place import Place
from kiln.arm_template.scopes import scope_of

NUMBERS = st.lists(st.integers(-(2**31), 2**31 - 1), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def on(text: str, given: object) -> object:
    """Return the value of an expression that uses the variable `given`."""
    parameters = {"text": {"type": "string", "defaultValue": json.dumps({"given": given})}}
    body = {"parameters": parameters, "variables": {"given": "[json(parameters('text')).given]"}}
    return scope_of(body, Place(), {}).text(f"[{text}]")


@given(NUMBERS)
def test_sort_sorts(numbers: list[int]) -> None:
    less = "lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b')))"
    assert on(f"sort(variables('given'), {less})", numbers) == sorted(numbers)


@given(NUMBERS)
def test_reduce_with_max_is_the_largest(numbers: list[int]) -> None:
    largest = "lambda('a', 'b', max(lambdaVariables('a'), lambdaVariables('b')))"
    assert on(f"reduce(variables('given'), 0, {largest})", numbers) == max(0, *numbers, 0)


@given(NUMBERS)
def test_filter_and_map_keep_the_order(numbers: list[int]) -> None:
    kept = "filter(variables('given'), lambda('x', greater(lambdaVariables('x'), 0)))"
    assert on(f"map({kept}, lambda('x', sub(0, lambdaVariables('x'))))", numbers) == [-n for n in numbers if n > 0]


@given(NUMBERS)
def test_groups_have_every_item_once(numbers: list[int]) -> None:
    grouped = on("groupBy(variables('given'), lambda('x', string(mod(lambdaVariables('x'), 3))))", numbers)
    assert isinstance(grouped, dict)
    assert sorted(item for group in grouped.values() for item in group) == sorted(numbers)


@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=6))
def test_an_objects_items_make_it_again(given: dict[str, object]) -> None:
    entry = "lambdaVariables('entry')"
    made = on(
        f"toObject(items(variables('given')), lambda('entry', {entry}.key), lambda('entry', {entry}.value))", given
    )
    assert made == given


@given(st.lists(VALUES, max_size=6), st.lists(VALUES, max_size=6))
def test_unions_and_intersections_are_those_of_sets(one: list[object], other: list[object]) -> None:
    def keys(values: object) -> list[str]:
        assert isinstance(values, list)
        return [json.dumps(item, sort_keys=True) for item in values]

    both = "variables('given')[0], variables('given')[1]"
    united, common = keys(on(f"union({both})", [one, other])), keys(on(f"intersection({both})", [one, other]))
    assert sorted(united) == sorted({*keys(one), *keys(other)})
    assert sorted(common) == sorted(set(keys(one)) & set(keys(other)))
