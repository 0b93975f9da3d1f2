"""Bicep files, by a stand-in for Microsoft's compiler, which is not here: it prints JSON that was prepared.

It stands for what "Bicep CLI commands" says of `bicep` and `az bicep`: their arguments, and what they print.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.kiln.cli.command_line import run
from tests.unit.kiln.cli.fake_kiln import FakeKiln
from tests.unit.kiln.template.bodies import BODY

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

RESOURCE = {"type": "Microsoft.VirtualMachineImages/imageTemplates", "apiVersion": "2024-02-01", **BODY}
TEMPLATE = {
    "parameters": {"name": {"type": "string"}},
    "resources": [{**RESOURCE, "name": "[parameters('name')]"}],
}
PARAMETERS = {"parameters": {"name": {"value": "from-parameters"}}}
BOTH = {"parametersJson": json.dumps(PARAMETERS), "templateJson": json.dumps(TEMPLATE), "templateSpecId": None}


def compiler(folder: Path, name: str, output: Any, code: int = 0, message: str = "a warning") -> Path:
    """Put a stand-in for a compiler into a folder; it notes its arguments."""
    file = folder / name
    text = output if isinstance(output, str) else json.dumps(output)
    file.write_text(
        f"#!{sys.executable}\nimport sys\nopen({str(folder / 'arguments')!r}, 'w').write(' '.join(sys.argv[1:]))\n"
        f"print({message!r}, file=sys.stderr)\nprint({text!r})\nsys.exit({code})\n"
    )
    file.chmod(0o755)
    return folder / "arguments"


def kiln(folder: Path, *arguments: str) -> Result:
    return run(*arguments, kiln=FakeKiln(), environment={"PATH": str(folder)})


@pytest.fixture
def main(tmp_path: Path) -> Path:
    file = tmp_path / "main.bicep"
    file.write_text("param name string\n")
    return file


def test_a_bicep_file_is_compiled_and_read_as_an_arm_template(tmp_path: Path, main: Path) -> None:
    arguments = compiler(tmp_path, "bicep", TEMPLATE)

    result = kiln(tmp_path, "plan", str(main), "--set", "name=web", "--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["run"]["template"]["name"] == "web"
    assert arguments.read_text() == f"build {main} --stdout"


def test_az_is_asked_where_there_is_no_bicep(tmp_path: Path, main: Path) -> None:
    arguments = compiler(tmp_path, "az", TEMPLATE)

    assert kiln(tmp_path, "validate", str(main), "--set", "name=web").exit_code == 0
    assert arguments.read_text() == f"bicep build --file {main} --stdout"


@pytest.mark.parametrize("name", ["bicep", "az"])
def test_a_bicepparam_file_brings_its_template(tmp_path: Path, name: str) -> None:
    file = tmp_path / "main.bicepparam"
    file.write_text("using './main.bicep'\n")
    arguments = compiler(tmp_path, name, BOTH)

    result = kiln(tmp_path, "plan", str(file), "--json")

    assert json.loads(result.stdout)["run"]["template"]["name"] == "from-parameters"
    assert "build-params" in arguments.read_text()
    assert kiln(tmp_path, "plan", str(file), "--set", "name=x", "--json").stdout.count('"name": "x"') > 0


@pytest.mark.parametrize("output", [{**BOTH, "templateJson": None}, PARAMETERS])
def test_a_bicepparam_file_gives_parameters_to_an_arm_template(tmp_path: Path, output: Any) -> None:
    file, values = tmp_path / "main.json", tmp_path / "main.bicepparam"
    file.write_text(json.dumps(TEMPLATE))
    values.write_text("using none\n")
    compiler(tmp_path, "bicep", output)

    assert kiln(tmp_path, "validate", str(file), "--parameters", str(values)).exit_code == 0
    alone = kiln(tmp_path, "validate", str(values))
    assert alone.exit_code == 2
    assert f"Give it with --parameters {values}" in alone.output


def test_problems_of_a_bicep_file_have_paths_but_no_lines(tmp_path: Path, main: Path) -> None:
    compiler(tmp_path, "bicep", TEMPLATE)

    result = kiln(tmp_path, "validate", str(main))

    assert result.exit_code == 1
    assert f"{main}, compiled: parameters.name: has neither value nor default" in result.output


def test_without_a_compiler_it_is_said_how_to_get_one(tmp_path: Path, main: Path) -> None:
    result = kiln(tmp_path, "build", str(main))

    assert result.exit_code == 2
    assert "neither bicep nor az is on PATH" in result.output
    assert "az bicep install" in result.output
    assert f"bicep build {main}" in result.output


def test_what_a_compiler_says_is_passed_on(tmp_path: Path, main: Path) -> None:
    compiler(tmp_path, "bicep", "", 1, "main.bicep(1,1) : Error BCP018")
    failed = kiln(tmp_path, "validate", str(main))
    assert failed.exit_code == 2
    assert "exited with 1.\nmain.bicep(1,1) : Error BCP018" in failed.output

    compiler(tmp_path, "bicep", "not JSON")
    assert "main.bicep, compiled:1:1: not JSON" in kiln(tmp_path, "validate", str(main)).output


def test_a_bicep_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    compiler(tmp_path, "bicep", TEMPLATE)
    result = kiln(tmp_path, "validate", str(tmp_path / "none.bicep"))
    assert result.exit_code == 2
    assert "none.bicep cannot be read: no such file" in result.output


def test_parameters_that_are_none_are_told(tmp_path: Path) -> None:
    file = tmp_path / "main.bicepparam"
    file.write_text("using none\n")
    compiler(tmp_path, "bicep", {})
    assert "`bicep build-params` gave no parameters" in kiln(tmp_path, "validate", str(file)).output
