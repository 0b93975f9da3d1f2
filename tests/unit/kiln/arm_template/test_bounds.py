"""Files that would keep an evaluator busy, or fill its memory: each is refused within seconds, and says why."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from kiln.arm_template.bounds import LARGEST, Work, fits
from kiln.arm_template.deployment import resources
from kiln.arm_template.expressions import DEEPEST, parse
from kiln.arm_template.faults import ExpressionInvalid, TooMuchWork
from kiln.arm_template.place import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 60
"""Far above what any of them takes, so that a busy machine passes; without bounds they take hours, or all memory."""


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < SECONDS


def doubled(first: str, again: str, times: int = 30) -> dict[str, Any]:
    """Return variables of which each is made twice of the one before it."""
    made = {f"v{at}": again.replace("BEFORE", f"variables('v{at - 1}')") for at in range(1, times)}
    return {"v0": first, **made, "last": f"[variables('v{times - 1}')]"}


def whys(value: Any, **body: Any) -> str:
    """Return the reasons for which a resource with the value cannot be resolved."""
    resource = {"type": "A/b", "name": "x", "properties": value}
    try:
        found = list(resources({"resources": [resource], **body}, Place("s", "g"), {}))
    except TooMuchWork as error:
        return f"{error} at {error.at}"
    return " ".join(each.why for resource in found for each in resource.unresolved)


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("xxxxxxxx", "[concat(BEFORE, BEFORE)]"),
        ("xxxxxxxx", "[format('{0}{0}', BEFORE)]"),
        ("xxxxxxxx", "[replace(BEFORE, 'x', BEFORE)]"),
        ("xxxxxxxx", "[join(createArray(BEFORE, BEFORE), BEFORE)]"),
        ("[createArray(1)]", "[createArray(BEFORE, BEFORE)]"),
        ("[createArray(1)]", "[concat(BEFORE, BEFORE)]"),
        ("[createObject()]", "[createObject('a', BEFORE, 'b', BEFORE)]"),
        ("x", "[string(createArray(BEFORE, BEFORE))]"),
    ],
)
def test_values_that_double_end_at_the_size_of_a_template(first: str, again: str) -> None:
    assert "larger than a template may be" in whys("[variables('last')]", variables=doubled(first, again))


def test_numbers_that_double_end_at_64_bits() -> None:
    assert "64 bits" in whys("[variables('last')]", variables=doubled("[add(1, 2)]", "[mul(BEFORE, BEFORE)]"))


@pytest.mark.parametrize(
    "text",
    ["[padLeft('x', 2000000000)]", "[format('{0,2000000000}', 'x')]", "[format('{0,-2000000000}', 'x')]"],
)
def test_a_width_of_gigabytes_is_refused_before_it_is_made(text: str) -> None:
    assert "larger than a template may be" in whys(text)


def test_loops_within_loops_are_cut_off_and_say_where() -> None:
    every = "range(0, 10000)"
    inner = f"map({every}, lambda('b', map({every}, lambda('c', 1))))"
    assert "more work than the largest template" in whys(f"[map({every}, lambda('a', {inner}))]")
    looped: Any = {"copy": [{"name": "a", "count": 800, "input": 1}]}
    for _ in range(5):
        looped = {"copy": [{"name": "a", "count": 800, "input": looped}]}
    assert whys({"deep": looped}).endswith("('resources', 0, 'properties')")


def test_a_resource_that_is_larger_than_a_template_is_told_with_its_place() -> None:
    assert whys("x" * LARGEST).endswith(f"{LARGEST:,} characters at ('resources', 0)")


def test_a_fault_far_inside_of_a_large_value_is_found_in_time_or_given_up() -> None:
    value: Any = {"many": [1] * 500_000, "wrong": "[nothing()]"}
    for _ in range(80):
        value = {"in": value}
    assert "more work than the largest template" in whys(value)


def test_deployments_within_deployments_are_cut_off() -> None:
    inner: dict[str, Any] = {"resources": [{"type": "A/b", "name": "x"}]}
    for _ in range(6):
        nested = {
            "type": "Microsoft.Resources/deployments",
            "name": "n",
            "copy": {"name": "c", "count": 800},
            "properties": {"template": inner},
        }
        inner = {"resources": [nested]}
    with pytest.raises(TooMuchWork):
        for _ in resources(inner, Place(), {}):
            pass


def test_deep_nesting_is_told_and_not_a_crash() -> None:
    assert f"more than {DEEPEST} calls within each other" in whys("[" + "not(" * 2000 + "true()" + ")" * 2000 + "]")
    assert f"more than {DEEPEST} properties of properties" in whys("[a()" + ".b" * 2000 + "]")
    chain = {f"v{at}": f"[variables('v{at + 1}')]" for at in range(3000)}
    assert "nested too deeply" in whys("[variables('v0')]", variables={**chain, "v3000": "end"})
    calls = {
        f"f{at}": {"parameters": [], "output": {"type": "int", "value": f"[n.f{(at + 1) % 2}()]"}} for at in range(2)
    }
    assert "nested too deeply" in whys("[n.f0()]", functions=[{"namespace": "n", "members": calls}])


def test_a_deployment_that_refers_to_itself_is_told() -> None:
    nested = {
        "type": "Microsoft.Resources/deployments",
        "name": "n",
        "properties": {
            "template": {"resources": [], "outputs": {"o": {"value": "[reference('n').outputs.o.value]"}}},
        },
    }
    found = list(
        resources({"resources": [nested, {"type": "A/b", "name": "[reference('n').outputs.o.value]"}]}, Place(), {})
    )
    assert "the deployment 'n' depends on itself" in found[1].unresolved[0].why


def test_work_and_sizes_have_an_end() -> None:
    work = Work(100)
    work.spend(100)
    with pytest.raises(TooMuchWork):
        work.spend(1)
    fits(LARGEST)
    with pytest.raises(ExpressionInvalid):
        fits(LARGEST + 1)


def test_an_expression_is_parsed_in_time_that_grows_with_its_length() -> None:
    with pytest.raises(ExpressionInvalid):
        parse("[" + "'" * 24_001 + "]")
    with pytest.raises(ExpressionInvalid, match="has more than 64 bits"):
        parse(f"[f({'9' * 20_000})]")
