from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln.arm_template.expressions import LONGEST, Access, Call, Expression, Literal, is_expression, parse, plain
from kiln.arm_template.faults import ExpressionInvalid

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
LITERALS = st.one_of(st.text(max_size=12), st.integers(-(2**31), 2**31)).map(Literal)


def _grown(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    calls = st.builds(Call, NAMES, st.lists(inner, max_size=3).map(tuple), st.one_of(st.just(""), NAMES))
    accesses = st.builds(Access, calls, st.one_of(inner, NAMES.map(Literal)), st.booleans())
    return st.one_of(calls, accesses)


TREES: st.SearchStrategy[Expression] = st.recursive(LITERALS, _grown, max_leaves=12)


def written(node: Expression) -> str:
    match node:
        case Literal(str() as value):
            return "'" + value.replace("'", "''") + "'"
        case Literal(value):
            return str(value)
        case Access():
            return f"{written(node.of)}[{'?' if node.safe else ''}{written(node.key)}]"
        case Call():
            name = f"{node.namespace}.{node.name}" if node.namespace else node.name
            return f"{name}({', '.join(written(argument) for argument in node.arguments)})"


@given(TREES)
def test_what_is_written_is_read_back(tree: Expression) -> None:
    assert parse(f"[{written(tree)}]") == tree


def test_a_property_is_an_item_by_its_name() -> None:
    assert parse("[a().b.?c]") == Access(Access(Call("a", ()), Literal("b")), Literal("c"), safe=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("[a()]", True), ("[[a()]", False), ("[a", False), ("a]", False), ("", False), ("[]", True)],
)
def test_an_expression_is_in_single_brackets(text: str, *, expected: bool) -> None:
    assert is_expression(text) is expected


def test_a_bracket_itself_is_written_twice() -> None:
    assert plain("[[1, 2]") == "[1, 2]"
    assert plain("plain") == "plain"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[]", "the expression ends too early"),
        ("[concat('a']", r"unexpected '.*'|ends too early"),
        ("[concat('a' 'b')]", "where ',' is expected"),
        ("[concat('a'))]", r"unexpected '\)'"),
        ("[name]", r"parameters\('name'\)"),
        ('[concat("a")]', "unexpected"),
        (f"[{'a' * LONGEST}]", "24576 characters"),
    ],
)
def test_what_cannot_be_read_says_where(text: str, why: str) -> None:
    with pytest.raises(ExpressionInvalid, match=why):
        parse(text)
