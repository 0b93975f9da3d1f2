from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kiln.template.differences import (
    NOT_FOR_A_TEMPLATE_OF_AIBS,
    OF_THE_DEFAULT,
    WHILE_AIB_HAS_IT,
    Difference,
    differences,
)
from kiln.template.schema import NOTES

EXAMPLES = Path(__file__).parents[4] / "examples"
NOTED = {name for notes in NOTES.values() for name, note in notes.items() if note.difference != "none"}


def paths(**properties: Any) -> list[str]:
    return [difference.path for difference in differences({"properties": properties})]


@pytest.mark.parametrize("name", sorted(NOT_FOR_A_TEMPLATE_OF_AIBS | OF_THE_DEFAULT))
def test_every_exception_is_a_property_whose_note_has_a_difference(name: str) -> None:
    assert name in NOTED


def test_a_difference_is_the_notes_and_is_told_once_for_all_places_of_a_list() -> None:
    shell = {"type": "Shell", "inline": ["true"]}
    found = differences({"properties": {"customize": [shell, shell], "vmProfile": {"vmSize": "Standard_D2s_v5"}}})
    text = "runs as root, while AIB's runs as a user with `sudo`; `sudo` in a script still works"
    assert found == (Difference("properties.customize[].inline", text),)


@pytest.mark.parametrize(
    ("properties", "path", "is_told"),
    [
        ({"vmProfile": {"vmSize": ""}}, "properties.vmProfile.vmSize", True),
        ({"vmProfile": {"vmSize": "Standard_D2s_v5"}}, "properties.vmProfile.vmSize", False),
        ({}, "properties.vmProfile.vmSize", True),
        ({"errorHandling": {"onCustomizerError": "cleanup"}}, "properties.errorHandling.onCustomizerError", False),
        ({"errorHandling": {"onCustomizerError": "abort"}}, "properties.errorHandling.onCustomizerError", True),
        ({"optimize": {"vmBoot": {"state": "Disabled"}}}, "properties.optimize.vmBoot.state", False),
        ({"optimize": {"vmBoot": {"state": "Enabled"}}}, "properties.optimize.vmBoot.state", True),
        ({"customize": [{"type": "WindowsRestart"}]}, "properties.customize[].restartCommand", True),
        (
            {"customize": [{"type": "WindowsRestart", "restartCommand": "shutdown /r"}]},
            "properties.customize[].restartCommand",
            False,
        ),
        ({"customize": [{"type": "PowerShell", "inline": ["x"]}]}, "properties.customize[].runElevated", True),
        (
            {"customize": [{"type": "Shell", "scriptUri": "https://x.example"}]},
            "properties.customize[].scriptUri",
            False,
        ),
        ({"autoRun": {"state": "Enabled"}}, "properties.autoRun", True),
        ({"autoRun": {"state": "Disabled"}}, "properties.autoRun", False),
        ({"stagingResourceGroup": "/subscriptions/s/resourceGroups/g"}, "properties.stagingResourceGroup", True),
        ({"stagingResourceGroup": ""}, "properties.stagingResourceGroup", False),
    ],
)
def test_a_difference_is_told_where_it_matters(properties: dict[str, Any], path: str, *, is_told: bool) -> None:
    assert (path in paths(**properties)) == is_told


@pytest.mark.parametrize("body", [None, 5, [], {}, {"properties": []}, {"properties": {"customize": 5, "autoRun": []}}])
def test_what_is_no_template_has_no_differences_of_its_own(body: Any) -> None:
    assert {difference.path for difference in differences(body)} <= {"properties.vmProfile.vmSize"}


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_every_difference_of_an_example_is_a_note(example: Path) -> None:
    texts = {note.difference for notes in NOTES.values() for note in notes.values()} | set(WHILE_AIB_HAS_IT.values())
    found = differences(json.loads(example.read_text()))
    assert found
    assert {difference.text for difference in found} <= texts
