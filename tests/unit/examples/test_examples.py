from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kiln.arm_template.parameters import from_file
from kiln.arm_template.place import Place
from kiln.cli.json_file import parse_json
from kiln.ids import TemplateId
from kiln.planner.preview import preview_plan
from kiln.template.arm_template import subjects
from kiln.template.parse import parse_template
from kiln.template.references import check_references
from kiln.template.versions import LATEST
from tests.golden import assert_golden

FOLDER = Path(__file__).parents[3] / "examples"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.json"))
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"


def body(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return read


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_template_that_names_what_can_be_and_its_plan_is_the_one_that_was_reviewed(name: str) -> None:
    template_id = TemplateId(subscription=SUBSCRIPTION, group="rg-images", name=name)
    template = parse_template(body(name), body(name).get("apiVersion", LATEST))

    assert check_references(template, template_id) == ()
    plan = preview_plan(template, template_id=template_id)
    assert_golden(f"plans/{name}.json", plan.model_dump_json(indent=2) + "\n")


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_written_as_json_is_read(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")

    assert text == json.dumps(body(name), indent=2, ensure_ascii=False) + "\n"


def test_the_readme_lists_every_example_and_nothing_else() -> None:
    rows = [line for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| [")]

    assert sorted(row[3 : row.index(".json]")] for row in rows) == EXAMPLES


def test_no_golden_plan_is_left_of_an_example_that_is_gone() -> None:
    plans = (Path(__file__).parents[2] / "golden" / "plans").glob("*.json")

    assert sorted(path.stem for path in plans) == EXAMPLES


def test_every_kind_of_customizer_validator_and_target_has_an_example() -> None:
    properties = [body(name)["properties"] for name in EXAMPLES]
    customizers = {item["type"] for each in properties for item in each.get("customize", ())}
    validators = {item["type"] for each in properties for item in each.get("validate", {}).get("inVMValidations", ())}
    targets = {item["type"] for each in properties for item in each["distribute"]}

    assert customizers == {"Shell", "PowerShell", "File", "WindowsRestart", "WindowsUpdate", "Restart"}
    assert validators == {"Shell", "PowerShell", "File"}
    assert targets == {"SharedImage", "ManagedImage", "VHD"}
    assert {each["source"]["type"] for each in properties} == {"PlatformImage", "ManagedImage", "SharedImageVersion"}


def test_the_arm_example_is_a_template_that_names_what_can_be() -> None:
    read = parse_json((FOLDER / "arm" / "azuredeploy.json").read_text(encoding="utf-8"), "azuredeploy.json")[1]
    values = from_file(json.loads((FOLDER / "arm" / "azuredeploy.parameters.json").read_text(encoding="utf-8")))

    (subject,) = subjects(read, Place(SUBSCRIPTION, "rg-images"), values)

    assert (subject.name, subject.told(())) == ("arm-example", ())
    assert check_references(parse_template(subject.body, subject.api_version)) == ()
