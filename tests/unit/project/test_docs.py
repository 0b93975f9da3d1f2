"""Documents point at things that exist: links, anchors, files in backticks, make targets, the floors of the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import PurePosixPath
from posixpath import normpath

import pytest

from tests.unit.project.files import ROOT, read, tracked

DOCUMENTS = [path for path in tracked() if path.endswith(".md")]
GUIDES = ["CONTRIBUTING.md", "docs/architecture.md", "docs/releasing.md"]
"""Documents in which words in backticks that look like files of the repository have to be some."""
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_TOPS = {path.split("/")[0] for path in tracked() if "/" in path}


def prose(path: str) -> str:
    return _FENCED.sub("", read(path))


def anchors(path: str) -> set[str]:
    """Return the anchors that GitHub gives a document's headings: lower case, words joined by hyphens."""
    found: dict[str, int] = {}
    result = set()
    for title in re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = found.get(slug, 0)
        found[slug] = count + 1
        result.add(f"{slug}-{count}" if count else slug)
    return result


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_links_to_what_is_there(path: str) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = normpath(str(PurePosixPath(path).parent / file)) if file else path
        if not (ROOT / there).exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("path", DOCUMENTS)
def test_links_by_name_are_those_that_are_defined(path: str) -> None:
    text = re.sub(r"`[^`]*`", "", prose(path))
    used = set(re.findall(r"\]\[([\w-]+)\]", text))

    assert used == set(re.findall(r"^\[([\w-]+)\]: https://\S+$", text, re.MULTILINE))


@pytest.mark.parametrize("path", GUIDES)
def test_a_guide_names_files_that_are_there(path: str) -> None:
    words = set(re.findall(r"`([\w.-]+/[\w./-]*)`", prose(path)))
    named = {word for word in words if word.split("/")[0] in _TOPS}

    assert named
    assert [word for word in sorted(named) if not (ROOT / word).exists()] == []


@pytest.mark.parametrize("path", [*GUIDES, "README.md"])
def test_a_guide_names_targets_that_the_makefile_has(path: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", read(path), re.MULTILINE))

    assert named
    assert named - targets == set()


def test_the_picture_of_the_floors_is_the_contract() -> None:
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    drawn = re.findall(r'\bL\d+\["([\w ·]+)"\]', read("docs/architecture.md"))

    assert drawn == [floor.replace(" | ", " · ") for floor in layers]


def test_every_check_at_submission_has_a_test() -> None:
    """Tests that docs/checks.md names exist, and each row of its second table names one."""
    tests = "\n".join(read(path) for path in tracked() if path.startswith("tests/") and path.endswith(".py"))
    known = set(re.findall(r"^def (test_\w+)", tests, re.MULTILINE))
    table = read("docs/checks.md").partition("## In Azure")[2]
    rows = re.findall(r"^\| (?!checked|---)(.*) \|$", table, re.MULTILINE)
    assert rows
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        assert set(named) <= known, row
