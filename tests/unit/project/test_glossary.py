"""The words that docs/glossary.md keeps out of names are in none."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from tests.unit.project.files import read, tracked

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = ("kiln/", "orchestrators/", "activities/", "triggers/")


def rows() -> list[list[str]]:
    lines = [line for line in read("docs/glossary.md").splitlines() if line.startswith("| ")]
    table = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in table if row[0] != "word"]


def refused() -> set[str]:
    return {word for *_, others in rows() for word in re.findall(r"`(\w+)`", others)}


def names(path: str) -> Iterator[str]:
    yield from path.removesuffix(".py").split("/")
    for node in ast.walk(ast.parse(read(path))):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name) | ast.Attribute(attr=name):
                yield name


def words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_each_row_has_a_word_a_sentence_and_whose_word_it_is() -> None:
    assert all(len(row) == len(["word", "what it is", "whose", "not"]) and all(row[:3]) for row in rows())
    assert len({row[0] for row in rows()}) == len(rows())


def test_no_name_has_a_word_that_another_one_stands_for() -> None:
    others = refused() | {f"{word}s" for word in refused()}
    found = {
        f"{path}: {name}"
        for path in tracked()
        if path.startswith(OURS) and path.endswith(".py")
        for name in names(path)
        if words(name) & others
    }

    assert refused()
    assert sorted(found) == []
