from __future__ import annotations

from typing import Any

import pytest

from kiln.arm_template.place import Place
from kiln.errors import Problem, TemplateInvalid
from kiln.template.arm_template import TYPE, Subject, subjects
from kiln.template.parse import parse_template
from tests.unit.kiln.template.bodies import BODY

RESOURCE = {
    "type": "Microsoft.VirtualMachineImages/imageTemplates",
    "apiVersion": "2022-07-01",
    "name": "[concat('web', '-image')]",
    "dependsOn": [],
    **BODY,
}
OTHER = {"type": "Microsoft.Compute/galleries", "apiVersion": "2022-03-03", "name": "gallery"}


def found(body: Any, **given: Any) -> tuple[Subject, ...]:
    return subjects(body, Place("sub", "rg"), given)


def paths(body: Any, *problems: str) -> list[str]:
    """Return the paths that are told for problems at these paths in the body of a file's only template."""
    (subject,) = found(body)
    return [problem.path for problem in subject.told(tuple(Problem(path=path, message="") for path in problems))]


def test_a_template_by_itself_is_its_own_subject() -> None:
    (subject,) = found(BODY)
    assert subject.body == BODY
    assert paths(BODY, "location", "$") == ["location", "$"]
    assert found([1])[0].body == [1]


def test_a_resource_by_itself_is_one_without_its_envelope() -> None:
    (subject,) = found(RESOURCE)
    assert subject.body == BODY
    assert (subject.api_version, subject.name) == ("2022-07-01", "web-image")
    assert paths({**RESOURCE, "location": "[parameters('x')]"}, "tags") == ["location", "tags"]


def test_an_arm_templates_image_templates_are_found_without_their_envelope() -> None:
    (subject,) = found({"resources": [OTHER, RESOURCE]})
    assert subject.body == BODY
    assert (subject.api_version, subject.name) == ("2022-07-01", "web-image")
    assert paths({"resources": [OTHER, RESOURCE]}, "location", "$") == ["resources[1].location", "resources[1]"]
    assert paths({"resources": {"image": RESOURCE}}, "tags['a b']") == ["resources.image.tags['a b']"]
    assert found({"resources": [OTHER]}) == ()


def test_an_api_version_or_a_name_that_has_no_value_is_not_taken_for_one() -> None:
    body = {**RESOURCE, "apiVersion": "[parameters('api-version')]", "name": "[parameters('name')]"}
    (subject,) = found({"resources": [body]})
    assert (subject.api_version, subject.name) == ("2025-10-01", None)
    assert list(subject.unresolved) == ["resources[0].apiVersion", "resources[0].name"]


def test_an_expression_without_a_value_is_named_and_hides_what_else_is_wrong_there() -> None:
    body = {
        **RESOURCE,
        "location": "[resourceGroup().location]",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('id')]": {}}},
        "tags": {"escaped": "[[not one]"},
        "properties": {"customize": [{"type": "Shell", "inline": ["[variables('line')]"]}], "distribute": "[x()]"},
    }
    told = paths({"resources": [body]}, "location", "properties.distribute", "properties.distribute[0].type", "tags")
    assert sorted(told) == [
        "resources[0].identity.userAssignedIdentities['[parameters(\\'id\\')]']",
        "resources[0].location",
        "resources[0].properties.customize[0].inline[0]",
        "resources[0].properties.distribute",
        "resources[0].tags",
    ]


def test_members_of_a_deployment_are_noted_where_they_mean_something() -> None:
    body = {**RESOURCE, "dependsOn": ["gallery"], "zones": [], "comments": "ours", "scale": 2}
    trigger = {"type": f"{TYPE}/triggers", "apiVersion": "2022-07-01", "name": "web-image/source", "properties": {}}
    (subject,) = found({"resources": [body, trigger]})
    assert subject.body == BODY
    assert {path: note.partition(":")[0] for path, note in subject.notes.items()} == {
        "resources[0].dependsOn": "is ignored",
        "resources[0].scale": "is ignored",
        "resources[1]": "is not sent with the template",
    }
    assert parse_template({name: value for name, value in body.items() if name != "name"}) == parse_template(BODY)


def test_a_loop_or_a_condition_is_never_ignored_where_nothing_resolves_it() -> None:
    for member, value in {"copy": {"name": "x", "count": 2}, "condition": False, "resources": [{}]}.items():
        with pytest.raises(TemplateInvalid, match=f"`{member}`") as caught:
            parse_template({**BODY, member: value})
        assert [problem.path for problem in caught.value.problems] == [member]


def test_a_parameter_without_a_good_value_is_told_once_at_its_declaration() -> None:
    rules = {"location": {"type": "string", "allowedValues": ["a", "b"]}, "id": {"type": "string"}}
    body = {**RESOURCE, "location": "[parameters('location')]", "tags": {"a": "[parameters('location')]"}}
    body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('id')]": {}}}
    (subject,) = found({"parameters": rules, "resources": [body]}, location="c")
    assert [(problem.path, problem.message) for problem in subject.told(())] == [
        ("parameters.location", 'the parameter \'location\' takes one of "a", "b"'),
        ("parameters.id", "has neither value nor default: give it with --set id=VALUE or --parameters FILE"),
    ]


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("[resourceGroup().location]", "; give it with --location REGION"),
        ("[resourceGroup().id]", "; give it with --resource-group NAME"),
        ("[subscription().subscriptionId]", "; give it with --subscription ID"),
        ("[reference('a').b]", "; write the value there, or a parameter, and give that with --set NAME=VALUE"),
    ],
)
def test_what_is_not_known_here_comes_with_what_to_do(text: str, fix: str) -> None:
    (subject,) = subjects({"resources": [{**RESOURCE, "location": text}]}, Place(), {})
    (problem,) = subject.told(())
    assert problem.path == "resources[0].location"
    assert problem.message.endswith(fix)


def test_properties_that_an_expression_makes_null_are_left_out() -> None:
    nothing = "[if(true(), null(), 'x')]"
    body = {**RESOURCE, "tags": {"a": nothing, "b": "[createObject('c', null())]"}, "identity": nothing}
    (subject,) = found({"resources": [body]})
    assert subject.body == {**{name: BODY[name] for name in ("location", "properties")}, "tags": {"b": {}}}
