"""Cycles of images built from images: found whatever their length, and named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kiln.rebuild.cycles import DependentTemplate, cycle_text, find_cycle


def found(start: DependentTemplate, *others: tuple[str, DependentTemplate]) -> tuple[str, ...]:
    """Return the cycle that `start` closes among dependents, each with the source that it follows."""
    return find_cycle(start, lambda source: [dependent for followed, dependent in others if followed == source])


def template(name: str, *produces: str) -> DependentTemplate:
    return DependentTemplate(key=f"sub/rg/{name}", name=name, produces=produces)


def test_a_row_is_no_cycle() -> None:
    assert not found(template("a", "x"), ("x", template("b", "y")), ("y", template("c", "z")))


def test_a_cycle_of_two_and_of_three_is_named() -> None:
    a, b = template("a", "x"), template("b", "y")

    assert found(a, ("x", b), ("y", a)) == ("a", "x", "b", "y", "a")
    assert found(a, ("x", b), ("y", template("c", "z")), ("z", a)) == ("a", "x", "b", "y", "c", "z", "a")
    assert "a -> x -> b -> y -> a" in cycle_text(("a", "x", "b", "y", "a"))


def test_a_template_may_patch_a_definition_from_its_own_latest_version() -> None:
    patch = template("patch", "x")

    assert not found(patch, ("x", patch))
    assert not found(template("base", "x"), ("x", patch))


def test_two_that_patch_one_definition_are_a_cycle() -> None:
    one, other = template("one", "x"), template("other", "x")

    assert found(one, ("x", one), ("x", other)) == ("one", "x", "other", "x", "one")


def test_a_diamond_is_no_cycle() -> None:
    left, right = template("left", "x"), template("right", "x")

    assert not found(template("base", "b"), ("b", left), ("b", right), ("x", template("top", "t")))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=20))
def test_a_cycle_is_found_exactly_where_a_template_reaches_itself_over_another(edges: list[tuple[int, int]]) -> None:
    produces: dict[int, set[int]] = {node: set() for node in range(7)}
    for one, other in edges:
        produces[one].add(other)
    nodes = {node: template(str(node), *(f"i{other}" for other in sorted(produces[node]))) for node in produces}
    reached, todo = set(), [other for other in produces[0] if other != 0]
    while todo:
        node = todo.pop()
        if node not in reached:
            reached.add(node)
            todo += produces[node]

    assert bool(found(nodes[0], *((f"i{node}", nodes[node]) for node in nodes))) == (0 in reached)
