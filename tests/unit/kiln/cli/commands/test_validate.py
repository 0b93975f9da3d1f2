from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.unit.kiln.cli.command_line import EXAMPLE, run
from tests.unit.kiln.cli.fake_kiln import FakeKiln
from tests.unit.kiln.template.bodies import BODY, changed

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def validate(folder: Path, content: Any, *options: str) -> Result:
    """Run `kiln validate` on a file with that content, over a fake Kiln that must not be asked."""
    file = folder / "template.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
    kiln = FakeKiln()
    result = run("validate", str(file), *options, kiln=kiln)
    assert kiln.calls == []
    return result


def test_a_valid_template_is_called_so() -> None:
    result = run("validate", EXAMPLE, kiln=FakeKiln())

    assert result.exit_code == 0
    assert result.output == f"{EXAMPLE} is valid at api-version 2025-10-01.\n"


def test_every_problem_is_printed_with_its_place_in_the_file(tmp_path: Path) -> None:
    body = changed("properties.customize.0.type", "shell")
    del body["identity"]

    result = validate(tmp_path, body)

    file = tmp_path / "template.json"
    line = file.read_text().splitlines().index('        "type": "shell",') + 1
    lines = result.output.splitlines()
    assert result.exit_code == 1
    assert lines[0].startswith(f'{file}:1:1: identity: is required: {{"type": "UserAssigned", "userAssignedIdentities"')
    assert lines[2].startswith(f"{file}:{line}:9: properties.customize[0].type: expected one of 'Shell'")
    assert lines[3].startswith("    BadCustomizerType: https://learn.microsoft.com/")
    assert lines[-1] == f"{file} has 2 problems at api-version 2025-10-01."


def test_what_the_template_names_is_checked_too(tmp_path: Path) -> None:
    result = validate(tmp_path, changed("properties.customize.1.destination", "motd"))

    assert result.exit_code == 1
    assert "properties.customize[1].destination: expected the absolute path" in result.output
    assert "has 1 problem at" in result.output


def test_what_a_template_names_is_checked_although_other_things_are_wrong(tmp_path: Path) -> None:
    body = changed("properties.customize.1.destination", "motd")
    del body["identity"]

    result = validate(tmp_path, body)

    assert "identity: is required" in result.output
    assert "properties.customize[1].destination: expected the absolute path" in result.output
    assert "has 2 problems at" in result.output


def test_an_api_version_is_what_the_template_is_held_against(tmp_path: Path) -> None:
    result = validate(tmp_path, BODY, "--api-version", "2020-02-14")

    assert result.exit_code == 1
    assert "targetRegions: is new in api-version 2022-07-01; the request's is 2020-02-14" in result.output


def test_a_preview_is_refused_with_the_nearest_api_version(tmp_path: Path) -> None:
    result = validate(tmp_path, BODY, "--api-version", "2019-05-01-preview")

    assert result.exit_code == 2
    assert "the nearest supported one is 2020-02-14" in result.output


def test_an_arm_templates_resource_is_held_against_its_own_api_version(tmp_path: Path) -> None:
    resource = {"type": "Microsoft.VirtualMachineImages/imageTemplates", "apiVersion": "2022-02-14", **BODY}
    resource["location"] = "[parameters('location')]"

    result = validate(tmp_path, {"resources": [resource]})

    assert result.exit_code == 1
    assert (
        "resources[0].location: is an ARM expression that has no value here: there is no parameter 'location'"
        in result.output
    )
    assert "resources[0].properties.distribute[0].targetRegions: is new in api-version 2022-07-01" in result.output
    assert "at api-version 2022-02-14." in result.output


def test_what_is_no_template_file_is_told_apart_from_a_wrong_template(tmp_path: Path) -> None:
    for content, said in (
        ('{"location": }', "template.json:1:14: not JSON: Expecting value."),
        ('{"a": NaN}', "NaN is not a JSON value"),
        ("1" * 5000, "not readable as JSON"),
        ("[" * 100_000, "100 lists and objects within each other"),
        ('{"resources": []}', "an ARM template without image templates"),
    ):
        result = validate(tmp_path, content)
        assert result.exit_code == 2
        assert said in result.output

    missing = run("validate", str(tmp_path / "none.json"), kiln=FakeKiln())
    assert missing.exit_code == 2
    assert "cannot be read: No such file or directory" in missing.output


def test_json_that_is_no_object_is_a_wrong_template(tmp_path: Path) -> None:
    result = validate(tmp_path, [])

    assert result.exit_code == 1
    assert "1:1: $: expected a JSON object, got a list" in result.output


def test_a_trigger_is_checked_by_itself(tmp_path: Path) -> None:
    trigger = {"properties": {"kind": "Schedule", "schedule": "0 3 * * *"}}
    assert validate(tmp_path, trigger).output.endswith(" is valid at api-version 2025-10-01.\n")

    result = validate(tmp_path, {"properties": {**trigger["properties"], "schedule": "daily", "coolDown": "1h"}})

    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert any(":4:" in line and "properties.schedule: expected five fields" in line for line in lines)
    assert lines[-1].endswith("has 2 problems at api-version 2025-10-01.")
    assert validate(tmp_path, trigger, "--api-version", "2022-02-14").exit_code == 1
    assert validate(tmp_path, trigger, "--api-version", "1999-01-01").exit_code == 2


ARM: dict[str, Any] = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"type": "string"}, "version": {"type": "string", "defaultValue": "2025-10-01"}},
    "variables": {"location": "[toLower('WestEurope')]"},
    "resources": [
        {
            "type": "Microsoft.VirtualMachineImages/imageTemplates",
            "apiVersion": "[parameters('version')]",
            "name": "[parameters('name')]",
            **BODY,
            "location": "[variables('location')]",
        }
    ],
}


def test_an_arm_template_is_valid_once_its_parameters_have_values(tmp_path: Path) -> None:
    lacking = validate(tmp_path, ARM)
    given = validate(tmp_path, ARM, "--set", "name=web")
    file = tmp_path / "values.json"
    file.write_text(json.dumps({"parameters": {"name": {"value": "web"}}}))
    from_file = validate(tmp_path, ARM, "--parameters", str(file))
    wrong = validate(tmp_path, ARM, "--set", "nome=web")

    assert lacking.exit_code == 1
    assert "parameters.name: has neither value nor default: give it with --set name=VALUE" in lacking.output
    assert (given.exit_code, from_file.exit_code) == (0, 0), given.output
    assert wrong.exit_code == 2
    assert "the template has no parameter 'nome'; it has name, version" in wrong.output


def test_parameters_are_for_arm_templates_alone(tmp_path: Path) -> None:
    result = validate(tmp_path, BODY, "--set", "name=web")

    assert result.exit_code == 2
    assert "is not an ARM template, so it takes no parameters" in result.output


def test_the_body_of_a_patch_is_checked_with_the_lines_of_its_problems(tmp_path: Path) -> None:
    gallery = {**BODY["properties"]["distribute"][0], "galleryImageId": "/nonsense", "versioning": None, "uri": None}
    gallery["targetRegions"] = [{"name": "westeurope"}, {"name": "West Europe"}]
    body = {"tags": {"a": "b"}, "properties": {"distribute": [gallery], "vmProfile": {"vmSize": 4}, "source": {}}}

    result = validate(tmp_path, body, "--patch")

    lines = (tmp_path / "template.json").read_text().splitlines()
    wrong = {name: next(at for at, line in enumerate(lines, 1) if f'"{name}"' in line) for name in ("vmSize", "source")}
    assert result.exit_code == 1
    assert (
        f"{tmp_path}/template.json:{wrong['vmSize']}:7: properties.vmProfile.vmSize: expected a string" in result.output
    )
    assert f":{wrong['source']}:5: properties.source: is not a property here" in result.output
    assert "properties.distribute[0].galleryImageId: expected the id of" in result.output
    assert "has 3 problems at api-version 2025-10-01." in result.output


def test_targets_of_a_patch_are_held_against_each_other(tmp_path: Path) -> None:
    gallery = {
        **BODY["properties"]["distribute"][0],
        "targetRegions": [{"name": "westeurope"}, {"name": "West Europe"}],
    }

    result = validate(tmp_path, {"properties": {"distribute": [gallery]}}, "--patch")

    assert "distribute[0].targetRegions: expected each region once" in result.output
    assert "has 1 problem at" in result.output


def test_a_valid_patch_is_called_so(tmp_path: Path) -> None:
    body = {"tags": {}, "properties": {"vmProfile": {"vmSize": None}}}
    result = validate(tmp_path, body, "--patch")

    assert result.exit_code == 0
    assert "is a valid PATCH at api-version 2025-10-01. What depends on its template is checked" in result.output
    assert (
        "is new in api-version 2023-07-01" in validate(tmp_path, body, "--patch", "--api-version", "2022-07-01").output
    )
    assert validate(tmp_path, body, "--patch", "--api-version", "1999-01-01").exit_code == 2


def test_who_forgets_that_it_is_a_patch_is_told(tmp_path: Path) -> None:
    patches: list[Any] = [{"tags": {"a": "b"}}, {"properties": {"vmProfile": {"vmSize": 4}}}]
    for body in patches:
        assert "If it is the body of a PATCH: kiln validate --patch" in validate(tmp_path, body).output
    others: list[Any] = [changed("location", ...), {"properties": {"source": {}}}, {}, []]
    for body in others:
        assert "PATCH" not in validate(tmp_path, body).output


def test_a_patch_takes_no_parameters(tmp_path: Path) -> None:
    for options in (("--set", "name=web"), ("--location", "westus")):
        assert "has no parameters" in validate(tmp_path, {"tags": {}}, "--patch", *options).output
    result = validate(tmp_path, ARM, "--patch")
    assert result.exit_code == 2
    assert "has no parameters" in result.output
    for content in ("[]", "1"):
        assert "$: expected a JSON object" in validate(tmp_path, content, "--patch").output
