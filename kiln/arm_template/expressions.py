"""The parser of expressions, such as `[concat('a', parameters('b')[0].c)]`, into trees.

Facts: Microsoft's "Syntax and expressions in ARM templates": strings are in single quotes, and a quote in one is
written twice; functions and properties are found without regard to case; a text that begins with `[[` is plain text;
an expression has at most 24,576 characters.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from kiln.arm_template.faults import ExpressionInvalid

LONGEST = 24_576
DEEPEST = 100
"""The most calls within calls that are read; those that Bicep writes for long conditions have some 30."""
_MOST_DIGITS = 20
_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<mark>\?\.|\.\?|\[\?|[()\[\],.]))"
)


@dataclass(frozen=True)
class Literal:
    """A string or a number that is written in the expression."""

    value: str | int | float


@dataclass(frozen=True)
class Call:
    """A call of a function; the template's own functions have a `namespace`."""

    name: str
    arguments: tuple[Expression, ...]
    namespace: str = ""


@dataclass(frozen=True)
class Access:
    """A property or an item of a value; with `safe`, null where it is not there."""

    of: Expression
    key: Expression
    safe: bool = False


Expression = Literal | Call | Access


def is_expression(text: str) -> bool:
    """Whether a string of a template is an expression, and not plain text."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def plain(text: str) -> str:
    """Return the text that a string without an expression stands for: `[[` at its beginning stands for `[`."""
    return text[1:] if text.startswith("[[") else text


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Return the tree of an expression in its brackets. Raises an `ExpressionInvalid` that says where the error is."""
    if len(text) > LONGEST:
        raise ExpressionInvalid(f"an expression has at most {LONGEST} characters, this one has {len(text)}")
    reader = _Reader(text[1:-1])
    found = reader.expression()
    reader.end()
    return found


class _Reader:
    """A reader of one expression, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def expression(self) -> Expression:
        """Read a literal or a call, and the properties and items that are taken of it."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionInvalid(f"an expression has more than {DEEPEST} calls within each other")
        found = self._expression()
        self._depth -= 1
        return found

    def _expression(self) -> Expression:
        kind, word = self._next()
        found: Expression
        if kind == "string":
            found = Literal(word[1:-1].replace("''", "'"))
        elif kind == "number" and len(word) > _MOST_DIGITS:
            raise ExpressionInvalid(f"the number {word[:_MOST_DIGITS]}... has more than 64 bits")
        elif kind == "number":
            found = Literal(float(word) if "." in word else int(word))
        elif kind == "name":
            found = self._call(word)
        else:
            raise self._unexpected(word)
        taken = 0
        while (mark := self._peek()) in {".", "[", ".?", "[?"}:
            self._next()
            found, taken = self._access(found, mark), taken + 1
            if taken > DEEPEST:
                raise ExpressionInvalid(f"an expression has more than {DEEPEST} properties of properties")
        return found

    def end(self) -> None:
        """Check that nothing is left to read. Raises `ExpressionInvalid`."""
        if self._text[self._at :].strip():
            raise self._unexpected(self._text[self._at :].strip()[:20])

    def _call(self, name: str) -> Call:
        namespace = ""
        if self._peek() == ".":
            self._next()
            namespace, (kind, name) = name, self._next()
            if kind != "name":
                raise self._unexpected(name)
        if self._peek() != "(":
            raise ExpressionInvalid(
                f"{name!r} is neither a function call nor a string: a string is in single quotes, and a parameter "
                f"or variable is parameters('{name}') or variables('{name}')"
            )
        self._next()
        arguments: list[Expression] = []
        while self._peek() != ")":
            if arguments:
                self._expect(",")
            arguments.append(self.expression())
        self._next()
        return Call(name, tuple(arguments), namespace)

    def _access(self, of: Expression, mark: str) -> Access:
        if mark in {"[", "[?"}:
            key = self.expression()
            self._expect("]")
            return Access(of, key, safe=mark == "[?")
        kind, name = self._next()
        if kind != "name":
            raise self._unexpected(name)
        return Access(of, Literal(name), safe=mark == ".?")

    def _expect(self, mark: str) -> None:
        _, word = self._next()
        if word != mark:
            raise self._unexpected(word, wanted=mark)

    def _peek(self) -> str:
        match = _TOKEN.match(self._text, self._at)
        return match["mark"] or "" if match else ""

    def _next(self) -> tuple[str, str]:
        match = _TOKEN.match(self._text, self._at)
        if match is None:
            rest = self._text[self._at :].strip()
            raise self._unexpected(rest[:20]) if rest else ExpressionInvalid("the expression ends too early")
        self._at = match.end()
        kind = str(match.lastgroup)
        return kind, match[kind]

    def _unexpected(self, word: str, wanted: str = "") -> ExpressionInvalid:
        expected = f", where {wanted!r} is expected" if wanted else ""
        return ExpressionInvalid(f"unexpected {word!r} at character {self._at + 1}{expected}")
