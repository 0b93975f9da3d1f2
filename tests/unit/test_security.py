"""SECURITY.md names places that exist, and for each threat at least one test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
THREATS = TEXT.partition("## Threats")[2].partition("## What is accepted")[0]
ROWS = [line for line in THREATS.splitlines() if line.startswith("| ") and not line.startswith(("| threat", "|--"))]


@pytest.mark.parametrize("place", sorted(set(re.findall(r"`((?:tests|kiln|infra|docs|devkit)/[\w/.-]*)`", TEXT))))
def test_a_place_that_is_named_is_there(place: str) -> None:
    assert (ROOT / place).exists()


@pytest.mark.parametrize("row", ROWS)
def test_each_threat_has_a_defence_and_tests_that_show_it(row: str) -> None:
    threat, defence, tests = (cell.strip() for cell in row.strip("|").split("|"))
    assert threat
    assert defence
    named = re.findall(r"`(tests/[\w/.]+\.py)`", tests)
    assert named, threat
    for name in named:
        assert re.search(r"^    def test_|^def test_", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE), name


def test_every_attack_has_its_place_in_the_model() -> None:
    attacks = {f"tests/unit/attacks/{file.name}" for file in (ROOT / "tests/unit/attacks").glob("test_*.py")}
    assert attacks <= set(re.findall(r"`(tests/[\w/.]+\.py)`", TEXT))


def test_vulnerabilities_are_reported_privately() -> None:
    assert "Report a vulnerability" in TEXT
    assert "@" not in TEXT
