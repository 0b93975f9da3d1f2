from __future__ import annotations

from typing import Any

import pytest

from kiln.arm_template.deployment import Resource, is_arm_template, resources
from kiln.arm_template.faults import ExpressionInvalid
from kiln.arm_template.parameters import from_file, from_text
from kiln.arm_template.place import Place

PLACE = Place("sub", "rg", "westeurope")


def deployed(body: dict[str, Any], **given: Any) -> list[Resource]:
    return list(resources(body, PLACE, given))


def names(body: dict[str, Any], **given: Any) -> list[Any]:
    return [resource.body["name"] for resource in deployed(body, **given)]


def whys(body: dict[str, Any], **given: Any) -> dict[tuple[str | int, ...], str]:
    return {each.path: each.why for resource in deployed(body, **given) for each in resource.unresolved}


def one(**members: Any) -> dict[str, Any]:
    return {"type": "A/b", "apiVersion": "2024-02-01", "name": "x", **members}


def test_a_template_has_resources_or_says_so() -> None:
    assert is_arm_template({"resources": []})
    assert is_arm_template(
        {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"}
    )
    assert not is_arm_template({"location": "westeurope"})
    assert not is_arm_template([])


def test_parameters_and_variables_are_put_in_wherever_they_stand() -> None:
    body = {
        "parameters": {"name": {"type": "string"}, "version": {"type": "string", "defaultValue": "2022-07-01"}},
        "variables": {"full": "[concat('image-', parameters('name'))]", "tags": {"[parameters('name')]": ["[[a]"]}},
        "resources": [
            one(name="[variables('full')]", apiVersion="[parameters('version')]", tags="[variables('tags')]")
        ],
    }
    (found,) = deployed(body, NAME="web")

    assert found.body == {"type": "A/b", "apiVersion": "2022-07-01", "name": "image-web", "tags": {"web": ["[a]"]}}
    assert found.path == ("resources", 0)
    assert found.unresolved == ()


def test_what_has_no_value_is_named_by_its_place_and_the_rest_is_there() -> None:
    body = {
        "parameters": {"size": {"type": "int"}, "list": {"type": "array", "defaultValue": []}},
        "resources": [
            one(
                properties={
                    "size": "[parameters('size')]",
                    "first": "[parameters('list')[0]]",
                    "secret": "[reference('vault').secret]",
                    "good": ["[toLower('A')]"],
                }
            )
        ],
    }
    (found,) = deployed(body)

    assert found.body["properties"]["good"] == ["a"]
    assert found.body["properties"]["size"] == "[parameters('size')]"
    assert {each.path[3]: each.why for each in found.unresolved} == {
        "size": "the parameter 'size' has neither value nor default",
        "first": "an array has no 0",
        "secret": "the value of reference() is known only to a deployment",
    }


def test_a_value_that_a_parameter_does_not_take_is_told() -> None:
    rules = {"type": "string", "allowedValues": ["a", "b"], "minLength": 1}
    body = {"parameters": {"p": rules}, "resources": [one(properties="[parameters('p')]")]}

    assert whys(body, p="c") == {("resources", 0, "properties"): 'the parameter \'p\' takes one of "a", "b"'}
    assert whys(body, p=1) == {("resources", 0, "properties"): "the parameter 'p' takes string, got a number"}
    assert whys(body, p="a") == {}


def test_variables_in_a_circle_are_told_and_unused_ones_cannot_fail() -> None:
    body = {
        "variables": {"a": "[variables('b')]", "b": "[variables('a')]", "unused": "[nothing()]"},
        "resources": [one(properties="[variables('a')]"), one()],
    }
    assert whys(body) == {("resources", 0, "properties"): "the variable 'a' depends on itself"}


def test_loops_are_unrolled() -> None:
    loop = {"name": "each", "count": "[length(parameters('names'))]"}
    body = {
        "parameters": {"names": {"type": "array", "defaultValue": ["a", "b"]}},
        "variables": {"copy": [{"name": "doubled", "count": 2, "input": "[mul(copyIndex('doubled', 1), 2)]"}]},
        "resources": [
            one(
                name="[parameters('names')[copyIndex()]]",
                copy=loop,
                properties={
                    "copy": [{"name": "disks", "count": 2, "input": {"lun": "[copyIndex('disks')]"}}],
                    "turn": "[copyIndex('each', 5)]",
                    "doubled": "[variables('doubled')]",
                },
            )
        ],
    }
    first, second = deployed(body)

    assert (first.body["name"], second.body["name"]) == ("a", "b")
    assert second.body["properties"] == {"turn": 6, "doubled": [2, 4], "disks": [{"lun": 0}, {"lun": 1}]}
    assert "copy" not in first.body


def test_a_resource_whose_condition_is_false_is_not_there() -> None:
    body = {
        "parameters": {"wanted": {"type": "bool"}},
        "resources": [one(condition="[parameters('wanted')]"), one(name="y")],
    }
    assert names(body, wanted=False) == ["y"]
    assert names(body, wanted=True) == ["x", "y"]
    assert names(body) == ["x", "y"], "and one that is not known counts as there"


def test_symbolic_names_children_and_existing_resources() -> None:
    child = {"type": "c", "apiVersion": "1", "name": "y"}
    body = {"resources": {"web": one(resources=[child]), "old": one(existing=True)}}

    parent, found = deployed(body)

    assert (parent.path, found.path) == (("resources", "web"), ("resources", "web", "resources", 0))
    assert (found.type, found.body["name"]) == ("A/b/c", "x/y")


@pytest.mark.parametrize(("scope", "name"), [("outer", "outside"), ("inner", "inside")])
def test_nested_deployments_are_walked_in_the_scope_that_they_say(scope: str, name: str) -> None:
    nested = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "nested",
        "resourceGroup": "other",
        "properties": {
            "expressionEvaluationOptions": {"scope": scope},
            "parameters": {"p": {"value": "[concat('in', 'side')]"}},
            "template": {
                "parameters": {"p": {"type": "string"}},
                "resources": [one(name="[parameters('p')]", properties="[resourceGroup().name]")],
            },
        },
    }
    body = {"parameters": {"p": {"type": "string", "defaultValue": "outside"}}, "resources": [nested]}

    deployment, found = deployed(body)

    assert deployment.type == "Microsoft.Resources/deployments"
    assert found.body["name"] == name
    assert found.body["properties"] == "other"
    assert found.path == ("resources", 0, "properties", "template", "resources", 0)


def test_the_templates_own_functions_see_their_parameters_alone() -> None:
    body = {
        "functions": [
            {
                "namespace": "contoso",
                "members": {
                    "name": {
                        "parameters": [{"name": "prefix", "type": "string"}],
                        "output": {"type": "string", "value": "[concat(toLower(parameters('prefix')), 'x')]"},
                    }
                },
            }
        ],
        "resources": [one(name="[Contoso.Name('A')]"), one(name="[contoso.name()]")],
    }
    assert names(body) == ["ax", "[contoso.name()]"]
    assert whys(body) == {("resources", 1, "name"): "contoso.name() takes 1 argument, here it has 0"}


def test_a_parameter_file_gives_values() -> None:
    body = {"$schema": "...", "contentVersion": "1.0.0.0", "parameters": {"a": {"value": [1]}}}
    assert from_file(body) == {"a": [1]}
    with pytest.raises(ExpressionInvalid, match="key vault"):
        from_file({"parameters": {"a": {"reference": {}}}})
    with pytest.raises(ExpressionInvalid, match=r"is not ."):
        from_file({"parameters": {"a": 1}})
    with pytest.raises(ExpressionInvalid, match="a parameter file is"):
        from_file([])


def test_a_typed_value_is_json_unless_a_string_is_wanted() -> None:
    declared = {"text": {"type": "string"}, "Count": {"type": "int"}, "list": {"type": "array"}}

    assert from_text(declared, "text", "1") == ("text", "1")
    assert from_text(declared, "count", "1") == ("Count", 1)
    assert from_text(declared, "list", '["a"]') == ("list", ["a"])
    with pytest.raises(ExpressionInvalid, match="'Count' takes int: 'many' is not JSON"):
        from_text(declared, "Count", "many")
    with pytest.raises(ExpressionInvalid, match="no parameter 'other'; it has Count, list, text"):
        from_text(declared, "other", "")


def test_what_is_to_blame_is_named_by_its_place() -> None:
    body = {
        "parameters": {"size": {"type": "int", "maxValue": 9}, "list": {"type": "array"}},
        "variables": {"of": "[reference('x').y]", "on": "[variables('of')]"},
        "resources": [one(properties=["[parameters('size')]", "[variables('on')]", "[parameters('list')[0]]"])],
    }
    (found,) = deployed(body, size=10)

    assert [(each.path[-1], each.error.at, each.why) for each in found.unresolved] == [
        (0, ("parameters", "size"), "the parameter 'size' breaks its maxValue of 9"),
        (1, ("variables", "of"), "the value of reference() is known only to a deployment"),
        (2, ("parameters", "list"), "the parameter 'list' has neither value nor default"),
    ]


def test_a_nested_deployment_is_given_the_reason_for_which_its_parameter_has_no_value() -> None:
    template = {"parameters": {"p": {"type": "string"}}, "resources": [one(name="[parameters('p')]")]}
    nested = module({"p": {"value": "[reference('x').id]"}}, template)
    (_, found) = deployed({"resources": [nested]})

    (unresolved,) = found.unresolved
    assert unresolved.why == "the value of reference() is known only to a deployment"
    assert unresolved.error.at == ("resources", 0, "properties", "parameters", "p", "value")


def module(parameters: dict[str, Any], template: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return a nested deployment as Bicep makes one of a module."""
    options = {"scope": "inner"}
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2025-04-01",
        "name": "module-a",
        "properties": {"expressionEvaluationOptions": options, "parameters": parameters, "template": template},
        **members,
    }


IDENTITY = {
    "parameters": {"name": {"type": "string"}},
    "resources": {"identity": {"type": "M/identities", "apiVersion": "1", "name": "[parameters('name')]"}},
    "outputs": {
        "id": {"type": "string", "value": "[resourceId('M/identities', parameters('name'))]"},
        "principal": {"type": "string", "value": "[reference('identity').principalId]"},
        "names": {
            "type": "array",
            "copy": {"count": 2, "input": "[format('{0}{1}', parameters('name'), copyIndex())]"},
        },
    },
}
ID = "/subscriptions/sub/resourceGroups/rg/providers/M/identities/builder"


@pytest.mark.parametrize(
    "reference",
    [
        "reference('module-a')",
        "reference('Module-A', '2025-04-01')",
        "reference(resourceId('Microsoft.Resources/deployments', 'module-a'), '2025-04-01')",
        "reference(subscriptionResourceId('Microsoft.Resources/deployments', 'module-a'))",
    ],
)
def test_outputs_of_a_nested_deployment_are_known(reference: str) -> None:
    own = module({"name": {"value": "builder"}}, IDENTITY)
    found = deployed({"resources": [own, one(properties=[f"[{reference}.outputs.id.value]"])]})
    assert found[-1].body["properties"] == [ID]


def test_outputs_are_known_by_symbolic_names_and_in_loops() -> None:
    looped = module({"name": {"value": "[format('b{0}', copyIndex())]"}}, IDENTITY, copy={"name": "each", "count": 2})
    uses = [
        "[reference('one').outputs.id.value]",
        "[reference('one').outputs.names.value]",
        "[reference(format('many[{0}]', 1)).outputs.id.value]",
    ]
    body = {
        "languageVersion": "2.0",
        "resources": {
            "one": module({"name": {"value": "builder"}}, IDENTITY),
            "many": looped,
            "x": one(properties=uses),
        },
    }
    assert deployed(body)[-1].body["properties"] == [ID, ["builder0", "builder1"], ID.replace("builder", "b1")]


def test_an_output_that_a_deployment_alone_knows_is_told_and_others_are_not_lost() -> None:
    own = module({"name": {"value": "builder"}}, IDENTITY)
    uses = ["[reference('module-a').outputs.principal.value]", "[reference('module-a').outputs.other.value]"]
    found = deployed({"resources": [own, one(properties=uses)]})[-1]
    assert [each.why for each in found.unresolved] == [
        "the value of reference() is known only to a deployment",
        "an object has no 'other'",
    ]


def test_a_parameters_type_can_be_defined_elsewhere() -> None:
    body = {
        "languageVersion": "2.0",
        "definitions": {
            "size": {"type": "int", "minValue": 30},
            "disk": {"$ref": "#/definitions/size"},
            "circle": {"$ref": "#/definitions/circle"},
        },
        "parameters": {
            "disk": {"$ref": "#/definitions/disk"},
            "none": {"$ref": "#/definitions/size", "nullable": True},
            "any": {"$ref": "#/definitions/circle", "defaultValue": 1},
        },
        "resources": [one(properties=["[parameters('disk')]", "[parameters('none')]", "[parameters('any')]"])],
    }
    assert deployed(body, disk=30)[0].body["properties"] == [30, None, 1]
    assert list(whys(body, disk=1).values()) == ["the parameter 'disk' breaks its minValue of 30"]
    assert list(whys(body, disk="30").values()) == ["the parameter 'disk' takes int, got a string"]


def test_the_templates_own_functions_call_each_other_as_bicep_has_them() -> None:
    functions = {
        "inner": {"parameters": [{"name": "p", "type": "string"}], "output": {"value": "[toUpper(parameters('p'))]"}},
        "outer": {"parameters": [], "output": {"value": "[__bicep.inner('a')]"}},
    }
    body = {"functions": [{"namespace": "__bicep", "members": functions}], "resources": [one(name="[__bicep.outer()]")]}
    assert names(body) == ["A"]


def test_a_name_that_is_no_string_is_told() -> None:
    body = {"resources": [one(properties={"[createArray(1)]": 1})]}
    assert list(whys(body).values()) == ["expected a string, got an array"]
