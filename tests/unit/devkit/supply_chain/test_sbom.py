from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from devkit.supply_chain.lock import read_lock
from devkit.supply_chain.sbom import ROOT, bill_of_materials, command_bill, written, written_of_command

if TYPE_CHECKING:
    from pathlib import Path

LOCK = (ROOT / "requirements.txt").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def bill() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(written())
    return found


@pytest.mark.parametrize("text", [written(), written_of_command()])
def test_a_bill_is_cyclonedx_and_names_kilns_licence_and_supplier(text: str) -> None:
    kiln = json.loads(text)["metadata"]["component"]

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert (kiln["licenses"], kiln["supplier"]) == ([{"expression": "MIT"}], {"name": "The Kiln authors"})


def test_the_commands_bill_has_what_its_wheel_asks_for() -> None:
    found = command_bill(PROJECT)
    asked = [each["properties"][0]["value"] for each in found["components"]]

    assert asked == PROJECT["dependencies"]
    assert {"typer", "rich", "azure-mgmt-imagebuilder"} <= {each["name"] for each in found["components"]}
    assert found["dependencies"][0]["dependsOn"] == sorted(each["purl"] for each in found["components"])
    assert found["serialNumber"] != bill()["serialNumber"]


def test_the_same_pins_give_the_same_bytes_and_others_another_serial_number() -> None:
    assert written() == written()
    other = bill_of_materials(LOCK.replace("six==", "six==9"), PROJECT)
    assert other["serialNumber"] != bill()["serialNumber"]


def test_the_bill_has_every_pin_with_its_hashes_and_no_other() -> None:
    pins = {f"pkg:pypi/{pin.name}@{pin.version}": sorted(pin.hashes) for pin in read_lock(LOCK)}
    components = {
        each["purl"]: [found["content"] for found in each["externalReferences"][0]["hashes"]]
        for each in bill()["components"]
    }
    assert components == pins


def test_everything_is_needed_by_the_app_or_by_what_it_needs() -> None:
    needs = {each["ref"]: each["dependsOn"] for each in bill()["dependencies"]}
    reached, todo = set(), ["kiln"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += needs[name]
    assert reached == needs.keys()
    assert any(name.startswith("pkg:pypi/azure-core@") for name in needs[_of(needs, "azure-identity")])


def test_the_repository_that_is_named_is_the_one_that_is_read(tmp_path: Path) -> None:
    about = 'version = "7.8.9"\nlicense = "MIT"\nauthors = [{ name = "Somebody" }]\n'
    (tmp_path / "pyproject.toml").write_text(f"[project]\n{about}")
    (tmp_path / "requirements.txt").write_text(f"a==1 \\\n    --hash=sha256:{'0' * 64}\n    # via -r requirements.in\n")
    found = json.loads(written(tmp_path))
    assert found["metadata"]["component"]["version"] == "7.8.9"
    assert [each["name"] for each in found["components"]] == ["a"]


def _of(needs: dict[str, list[str]], name: str) -> str:
    return next(ref for ref in needs if ref.startswith(f"pkg:pypi/{name}@"))
