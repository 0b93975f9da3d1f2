"""The templates and triggers of examples/events: valid, and made for each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kiln.rebuild.source import produced_definitions, source_of
from kiln.template.parse import parse_template
from kiln.template.references import check_references
from kiln.template.triggers import check_trigger, parse_trigger

FOLDER = Path(__file__).parents[3] / "examples" / "events"
TRIGGERS = sorted(path.name for path in FOLDER.glob("*.trigger.json"))
TEMPLATES = sorted(path.name for path in FOLDER.glob("*.json") if path.name not in TRIGGERS)


def body(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_each_template_can_have_each_trigger(template: str, trigger: str) -> None:
    parsed = parse_template(body(template))
    assert check_references(parsed) == ()
    assert check_trigger(parsed, parse_trigger(body(trigger)), ()) == ()


def test_one_template_is_built_from_what_the_other_makes() -> None:
    base, app = (parse_template(body(name)) for name in ("base.json", "app.json"))
    source = source_of(app)
    assert source is not None
    assert source.key in {definition.key for definition in produced_definitions(base)}


def test_every_kind_has_an_example_that_the_readme_lists() -> None:
    assert {body(name)["properties"]["kind"] for name in TRIGGERS} == {"SourceImage", "Schedule", "Event", "Webhook"}
    readme = (FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in readme for name in TRIGGERS)
