from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiln.retention.purge import BOUNDS, is_due
from kiln.runs.record import RunOutput, RunState
from tests.unit.kiln.runs.records import NOW, run_record, template_record

ROOT = Path(__file__).parents[4]
PLACE = re.compile(r"[a-z][a-z-]*/|[a-z][a-z-]*\.json$")
"""The beginning of a stored document's path: its kind's folder, or the whole path of the only one of its kind."""
OUTPUT = RunOutput(name="image", kind="ManagedImage", artifact_id="/images/a")
AGO = NOW - timedelta(days=1)
OLD: dict[str, Any] = {"state": RunState.SUCCEEDED, "ended": AGO}


def kinds() -> set[str]:
    """Return the beginnings of all paths in the modules that write documents."""
    found = set()
    for file in (ROOT / "kiln").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if "kiln.runs.documents import" not in text or file == ROOT / "kiln/retention/purge.py":
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and (at := PLACE.match(node.value)):
                found.add(at.group())
    return found


def test_each_kind_of_document_has_a_word_on_what_bounds_it_here_and_in_the_documentation() -> None:
    told = (ROOT / "docs/operations.md").read_text(encoding="utf-8")

    assert kinds() == set(BOUNDS)
    for kind, bound in BOUNDS.items():
        assert f"| `kiln/{kind}` | KB each | {bound} |" in told


def test_a_run_that_is_long_over_is_due_and_nothing_else_is() -> None:
    template = template_record(run_id="20270101-000000-ffffffff")

    assert is_due(run_record(**OLD), template, NOW)
    assert not is_due(run_record(**OLD), template, AGO), "it is not old enough"


@pytest.mark.parametrize(
    "change",
    [
        {"state": RunState.RUNNING, "ended": None},
        {"state": RunState.CANCELING, "ended": None},
        {"leftovers": ("/vm: a lock",)},
        {"kept": ("/vm",)},
        {"outputs": (OUTPUT,)},
    ],
    ids=["running", "canceling", "leftovers", "a kept machine", "the template's latest output"],
)
def test_a_run_that_something_stands_on_stays(change: dict[str, Any]) -> None:
    template = template_record(run_id="20270101-000000-ffffffff", outputs={"image": OUTPUT})

    assert not is_due(run_record(**{**OLD, **change}), template, NOW)


def test_a_templates_latest_run_stays() -> None:
    run = run_record(**OLD)

    assert not is_due(run, template_record(run_id=run.run_id), NOW)
