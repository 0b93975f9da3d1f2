"""The forms in which public repositories have image templates, each with an example of ours.

Each file describes the template of examples/multi-region.json, which is built in tests/e2e/test_examples.py: whatever
sends the same body builds the same image.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from kiln.cli.settings import Settings
from kiln.cli.template_file import ArmOptions, TemplateFile, read_template
from kiln.cli.trust import Trust
from tests.unit.kiln.cli.command_line import ROOT, run
from tests.unit.kiln.cli.fake_kiln import FakeKiln

if TYPE_CHECKING:
    from pathlib import Path

BODY: dict[str, Any] = json.loads((ROOT / "examples" / "multi-region.json").read_text())
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-images"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder"
TYPE = "Microsoft.VirtualMachineImages/imageTemplates"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
OF_GROUP = "Microsoft.ManagedIdentity/userAssignedIdentities"
LINE = "echo 'IMAGE=everywhere' > /etc/kiln-release"


def changed(**properties: Any) -> dict[str, Any]:
    """Return the template's body with other properties."""
    return {**BODY, "properties": {**copy.deepcopy(BODY["properties"]), **properties}}


def resource(body: dict[str, Any] = BODY, **members: Any) -> dict[str, Any]:
    """Return the template as the resource of a deployment."""
    return {"type": TYPE, "apiVersion": "2024-02-01", "name": "everywhere", **body, **members}


def template(*resources: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return an ARM template with the resources."""
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", **members, "resources": list(resources)}


def module(inner: dict[str, Any], scope: str = "inner", **parameters: Any) -> dict[str, Any]:
    """Return a nested deployment, as Bicep makes one of a module."""
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "module",
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": scope},
            "parameters": {name: {"value": value} for name, value in parameters.items()},
            "template": inner,
        },
    }


def text(default: str | None = None, **rules: Any) -> dict[str, Any]:
    """Return the declaration of a parameter that takes a string."""
    return {"type": "string", **({} if default is None else {"defaultValue": default}), **rules}


QUICKSTART = template(
    resource({**BODY, "location": "[parameters('svclocation')]"},
             name="[parameters('imageTemplateName')]", apiVersion="[parameters('api-version')]"),
    parameters={"imageTemplateName": text(), "api-version": text(), "svclocation": text()},
)  # fmt: skip
"""Parameters for the name, the region and the api-version: the quickstarts for Windows (Azure/azvmimagebuilder)."""

WITH_ALL_IT_NEEDS = template(
    {"type": OF_GROUP, "apiVersion": "2023-01-31", "name": "builder", "location": "[resourceGroup().location]"},
    {
        "type": "Microsoft.Authorization/roleAssignments",
        "apiVersion": "2022-04-01",
        "name": "[guid(resourceGroup().id, 'builder')]",
        "properties": {"principalId": f"[reference(resourceId('{OF_GROUP}', 'builder')).principalId]"},
    },
    resource(
        {**BODY, "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[variables('identity')]": {}}}},
        dependsOn=["[variables('identity')]"],
        location="[coalesce(parameters('location'), 'westeurope')]",
    ),
    parameters={"location": text(nullable=True)},
    variables={"identity": f"[resourceId('{OF_GROUP}', 'builder')]"},
)
"""Identity, role and template in one file, the identity by a variable."""

JSON_IDENTITY = template(
    resource(
        identity={
            "type": "UserAssigned",
            "userAssignedIdentities": f"[json(concat('{{\"', resourceId('{OF_GROUP}', 'builder'), '\": {{}}}}'))]",
        }
    )
)
"""The identity as JSON that is put together: older Bicep files, for want of names that are expressions."""

JOINED = template(
    resource(changed(
        customize="[concat(variables('first'), if(empty(parameters('extra')), createArray(), parameters('extra')))]",
        distribute=[{**BODY["properties"]["distribute"][0],
                     "artifactTags": "[union(variables('tags'), createObject('os', 'debian-12'))]"}],
    )),
    parameters={"extra": {"type": "array", "defaultValue": []}},
    variables={"first": BODY["properties"]["customize"], "tags": {"os": "another"}},
)  # fmt: skip
"""Customizers joined of several lists, and `if(empty())` for what is optional."""

LOOPS = template(
    resource(changed(copy=[{
        "name": "customize",
        "count": "[length(parameters('lines'))]",
        "input": {"type": "Shell", "name": "release", "inline": ["[parameters('lines')[copyIndex('customize')]]"]},
    }])),
    parameters={"lines": {"type": "array", "defaultValue": [LINE]}},
)  # fmt: skip
del LOOPS["resources"][0]["properties"]["customize"]
"""A loop over customizers."""

MANY = template(
    resource(
        {**BODY, "tags": {"purpose": "[parameters('images')[copyIndex()].purpose]"}},
        name="[parameters('images')[copyIndex()].name]",
        copy={"name": "images", "count": "[length(parameters('images'))]"},
    ),
    parameters={
        "images": {
            "type": "array",
            "defaultValue": [{"name": "everywhere", "purpose": "example"}, {"name": "other", "purpose": "other"}],
        }
    },
)
"""A loop of templates, of which one is chosen by `--resource` (Azure/Avere)."""

FUNCTIONS = template(
    resource(changed(customize="[fx.commands('everywhere')]")),
    functions=[{
        "namespace": "fx",
        "members": {"commands": {
            "parameters": [{"name": "image", "type": "string"}],
            "output": {"type": "array", "value": [{
                "type": "Shell",
                "name": "release",
                "inline": ["[format('echo ''IMAGE={0}'' > /etc/kiln-release', parameters('image'))]"],
            }]},
        }},
    }],
)  # fmt: skip
"""The template's own functions (Azure/Avere)."""

_OUTPUT = {"id": {"type": "string", "value": f"[resourceId('{OF_GROUP}', parameters('name'))]"}}
_IDENTITY_MODULE = {**template(parameters={"name": text()}), "outputs": _OUTPUT}
_OF_MODULE = {"type": "UserAssigned", "userAssignedIdentities": {"[reference('identity').outputs.id.value]": {}}}
SYMBOLIC = {
    **template(parameters={"regions": {"$ref": "#/definitions/regions"}, "tags": {"type": "object", "nullable": True}}),
    "languageVersion": "2.0",
    "definitions": {"regions": {"type": "array", "items": {"type": "object"}, "minLength": 1}},
    "resources": {
        "gallery": {"existing": True, "type": "Microsoft.Compute/galleries", "apiVersion": "1", "name": "gallery"},
        "identity": module(_IDENTITY_MODULE, name="builder"),
        "image": resource(
            {
                **changed(
                    distribute=[{**BODY["properties"]["distribute"][0], "targetRegions": "[parameters('regions')]"}],
                    vmProfile="[if(false(), createObject('vmSize', 'x'), null())]",
                ),
                "tags": "[coalesce(parameters('tags'), createObject('purpose', 'example'))]",
                "identity": _OF_MODULE,
            },
            dependsOn=["identity"],
        ),
    },
}
SYMBOLIC["parameters"]["regions"]["defaultValue"] = BODY["properties"]["distribute"][0]["targetRegions"]
"""Symbolic names, defined types, an existing resource, and a module's output: Bicep of today."""

_FORMATTED = (
    "[if(not(empty(parameters('identities'))), createObject('type', 'UserAssigned', 'userAssignedIdentities', "
    "reduce(map(coalesce(tryGet(parameters('identities'), 'ids'), createArray()), lambda('id', createObject(format("
    "'{0}', lambdaVariables('id')), createObject()))), createObject(), lambda('cur', 'next', union(lambdaVariables("
    "'cur'), lambdaVariables('next'))))), null())]"
)
_TARGET = {**BODY["properties"]["distribute"][0], "kind": "SharedImage"}
del _TARGET["type"]
LAMBDAS = {
    **template(parameters={"identities": {"type": "object", "defaultValue": {"ids": [IDENTITY]}}}),
    "variables": {"targets": [_TARGET]},
    "resources": {
        "image": resource(
            {
                **changed(
                    distribute="[map(variables('targets'), lambda('t', shallowMerge(createArray(createObject('type', "
                    "lambdaVariables('t').kind), toObject(filter(items(lambdaVariables('t')), lambda('i', not(contains("
                    "createArray('kind'), lambdaVariables('i').key)))), lambda('i', "
                    "lambdaVariables('i').key), lambda('i', lambdaVariables('i').value))))))]",
                ),
                "identity": _FORMATTED,
            }
        )
    },
}
"""Lambda functions, as Azure Verified Modules have them."""

_PASSED = {"line": text(), "location": text()}
NESTED = template(
    module(
        template(
            resource(
                {**changed(customize=[{"type": "Shell", "name": "release", "inline": ["[parameters('line')]"]}]),
                 "location": "[parameters('location')]"}
            ),
            parameters=_PASSED,
        ),
        line="[variables('line')]",
        location="[resourceGroup().location]",
    ),
    variables={"line": LINE},
)  # fmt: skip
"""A module within a deployment: Azure/avdaccelerator."""

OUTER = template(
    module(template(resource(location="[variables('where')]")), "outer"), variables={"where": "westeurope"}
)
"""A nested deployment in its file's own scope."""

_JSON = json.dumps(resource(), indent=2)
COMMENTED = f"""// the image
{{
  "$schema": "{SCHEMA}", /* a comment
    of two lines, with "quotes" and // another */
  "contentVersion": "1.0.0.0",
  // "parameters": {{ "old": {{ "type": "string" }} }},
  "resources": [
    {_JSON}, // "the" last, with a comma
  ],
}}
"""
SEVERAL_LINES = json.dumps(
    template(resource(changed(customize="[\n variables('all')]")), variables={"all": "[json('X')]"})
)
SEVERAL_LINES = SEVERAL_LINES.replace("\\n", "\n  ").replace(
    "X", json.dumps(json.dumps(BODY["properties"]["customize"]).replace("'", "''"))[1:-1]
)
"""An expression over several lines, as Azure PowerShell takes it."""

FORMS: dict[str, tuple[Any, ArmOptions]] = {
    "a body alone": (BODY, ArmOptions()),
    "a full object for az resource create": ({"type": TYPE, "apiVersion": "2022-07-01", **BODY}, ArmOptions()),
    "a quickstart with its parameters": (
        QUICKSTART,
        ArmOptions(("imageTemplateName=everywhere", "api-version=2022-07-01", "svclocation=westeurope")),
    ),
    "with all it needs": (WITH_ALL_IT_NEEDS, ArmOptions()),
    "an identity as JSON": (JSON_IDENTITY, ArmOptions()),
    "joined lists": (JOINED, ArmOptions()),
    "loops over customizers": (LOOPS, ArmOptions()),
    "many templates": (MANY, ArmOptions(resource="Everywhere")),
    "its own functions": (FUNCTIONS, ArmOptions()),
    "symbolic names": (SYMBOLIC, ArmOptions()),
    "lambda functions": (LAMBDAS, ArmOptions()),
    "a module": (NESTED, ArmOptions(location="westeurope")),
    "a nested deployment": (OUTER, ArmOptions()),
    "comments and a comma too many": (COMMENTED, ArmOptions()),
    "several lines": (SEVERAL_LINES, ArmOptions()),
    "names in another case": (_JSON.replace("galleryImageId", "GalleryimageID"), ArmOptions()),
    "a byte order mark": (b"\xef\xbb\xbf" + _JSON.encode(), ArmOptions()),
    "UTF-16 with Windows' line ends": (_JSON.replace("\n", "\r\n").encode("utf-16"), ArmOptions()),
}


def read(folder: Path, content: Any, options: ArmOptions) -> TemplateFile:
    file = folder / "everywhere.json"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    settings = Settings("https://127.0.0.1", GROUP.split("/")[2], "rg-images", "", Trust(None, ""))
    return read_template(file, None, settings, options)


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_the_same_template(tmp_path: Path, form: str) -> None:
    found = read(tmp_path, *FORMS[form])

    body = {name: found.body[name] for name in ("location", "tags", "identity", "properties")}
    assert body == BODY
    assert found.name == "everywhere"


def test_a_preview_is_taken_for_the_nearest_api_version_with_a_note(tmp_path: Path) -> None:
    body = {name: item for name, item in BODY["properties"]["distribute"][0].items() if name != "targetRegions"}
    old = resource(
        changed(distribute=[{**body, "replicationRegions": ["westeurope"]}]), apiVersion="2019-05-01-preview"
    )

    found = read(tmp_path, resource(old, apiVersion="2019-05-01-preview"), ArmOptions())

    assert found.api_version == "2020-02-14"
    assert "'2019-05-01-preview' is not supported" in found.notes["apiVersion"]


def test_placeholders_of_a_quickstart_are_named_with_the_command_that_replaces_them(tmp_path: Path) -> None:
    identity = {"type": "UserAssigned", "userAssignedIdentities": {"<imgBuilderId>": {}}}
    customize = [{"type": "Shell", "name": "a", "inline": ["echo '<html>'"]}]
    file = tmp_path / "it is.json"
    file.write_text(json.dumps({**changed(customize=customize), "location": "<region>", "identity": identity}))

    for command in ("validate", "plan", "build"):
        result = run(command, str(file), kiln=FakeKiln())
        assert result.exit_code in {1, 2}
        assert "to be replaced first: <region>, <imgBuilderId>. For each: sed -i" in result.output
        assert f"sed -i 's%<region>%VALUE%g' '{file}'" in result.output


def test_a_parameter_file_with_a_name_that_the_template_lacks_is_refused_as_by_azure(tmp_path: Path) -> None:
    file, values = tmp_path / "a.json", tmp_path / "a.parameters.json"
    file.write_text(json.dumps(QUICKSTART))
    values.write_text(json.dumps({"parameters": {"imageTemplateNam": {"value": "x"}}}))

    result = run("validate", str(file), "--parameters", str(values), kiln=FakeKiln())

    assert result.exit_code == 2
    assert "the template has no parameter 'imageTemplateNam'; it has api-version, imageTemplateName" in result.output


def test_a_file_that_takes_too_much_work_is_refused_with_its_place(tmp_path: Path) -> None:
    made = {f"v{at}": f"[concat(variables('v{at - 1}'), variables('v{at - 1}'))]" for at in range(1, 24)}
    lines = [f"[variables('v{at}')]" for at in range(24)] * 40
    body = template(
        resource(changed(customize=[{"type": "Shell", "name": "x", "inline": lines}])), variables={"v0": "x", **made}
    )
    file = tmp_path / "bomb.json"
    file.write_text(json.dumps(body))

    result = run("validate", str(file), kiln=FakeKiln())

    assert result.exit_code == 2
    assert "cannot be evaluated: it takes more work than the largest template that Azure deploys" in result.output
    assert "stopped at resources[0].properties" in result.output


def test_a_file_that_is_another_than_the_one_meant_is_told_apart(tmp_path: Path) -> None:
    values, linking = tmp_path / "a.parameters.json", tmp_path / "linking.json"
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
    values.write_text(json.dumps({"$schema": schema, "parameters": {}}))
    deployment = {"type": "Microsoft.Resources/deployments", "name": "a", "properties": {"templateLink": {"uri": "u"}}}
    linking.write_text(json.dumps(template(deployment)))

    given = run("build", str(values), kiln=FakeKiln())
    linked = run("validate", str(linking), kiln=FakeKiln())

    assert (given.exit_code, linked.exit_code) == (2, 2)
    assert f"{values} is a parameter file" in given.output
    assert f"Give it beside its template: --parameters {values}" in given.output
    assert "without image templates" in linked.output
    assert "link to other files, which are not fetched" in linked.output
