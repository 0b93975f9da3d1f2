from __future__ import annotations

from typing import Any

from kiln.errors import Problem
from kiln.template.arm_template import subjects
from tests.unit.kiln.template.bodies import BODY

RESOURCE = {
    "type": "Microsoft.VirtualMachineImages/imageTemplates",
    "apiVersion": "2022-07-01",
    "name": "[parameters('name')]",
    "dependsOn": [],
    **BODY,
}
OTHER = {"type": "Microsoft.Compute/galleries", "apiVersion": "2022-03-03", "name": "gallery"}


def paths(body: Any, *problems: str) -> list[str]:
    """Return the paths that are told of the only template in a file that has problems at these paths of its body."""
    (subject,) = subjects(body)
    return [problem.path for problem in subject.told(tuple(Problem(path=path, message="") for path in problems))]


def test_a_template_by_itself_is_its_own_subject() -> None:
    (subject,) = subjects(BODY)
    assert subject.body == BODY
    assert paths(BODY, "location", "$") == ["location", "$"]
    assert subjects([1])[0].body == [1]


def test_an_arm_templates_image_templates_are_found_without_their_envelope() -> None:
    (subject,) = subjects({"resources": [OTHER, RESOURCE]})
    assert subject.body == BODY
    assert subject.api_version == "2022-07-01"
    assert paths({"resources": [OTHER, RESOURCE]}, "location", "$") == ["resources[1].location", "resources[1]"]
    assert paths({"resources": {"image": RESOURCE}}, "tags['a b']") == ["resources.image.tags['a b']"]
    assert subjects({"resources": [OTHER]}) == ()


def test_an_expression_is_named_and_hides_what_else_is_wrong_there() -> None:
    body = {
        **RESOURCE,
        "location": "[resourceGroup().location]",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {"[parameters('id')]": {}}},
        "tags": {"escaped": "[[not one]"},
        "properties": {"customize": [{"type": "Shell", "inline": ["[variables('line')]"]}], "distribute": "[x()]"},
    }
    found = paths({"resources": [body]}, "location", "properties.distribute", "properties.distribute[0].type", "tags")
    assert sorted(found) == [
        "resources[0].identity.userAssignedIdentities['[parameters(\\'id\\')]']",
        "resources[0].location",
        "resources[0].properties.customize[0].inline[0]",
        "resources[0].properties.distribute",
        "resources[0].tags",
    ]
