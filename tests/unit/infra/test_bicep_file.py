from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.infra.bicep_file import BicepFile

WHOLE = """
targetScope = 'subscription'
@description('What it is.')
@minLength(1)
param names string[]
param more string = names[0]
var made = 'x-${more}'
resource there 'A.B/cs@2024-01-01' existing = {
  name: made
}
module parts 'part.bicep' = [
  for item in names: {
    name: item
    params: { texts: map(names, text => '${text}!'), id: other.outputs.id }
  }
]
@description('Its id.')
output id string = there.id
"""


def read(text: str) -> BicepFile:
    return BicepFile(Path("a.bicep"), text)


def test_it_knows_what_a_file_declares() -> None:
    file = read(WHOLE)

    assert file.faults() == []
    assert file.scope == "subscription"
    assert [(item.name, item.description, item.required) for item in file.parameters.values()] == [
        ("names", "What it is.", True),
        ("more", "", False),
    ]
    assert list(file.variables) == ["made"]
    assert file.outputs == {"id": "Its id."}
    assert [(item.symbol, item.type, item.version, item.existing) for item in file.resources] == [
        ("there", "A.B/cs", "2024-01-01", True)
    ]
    assert [(item.symbol, item.target, file.keys(item.body)) for item in file.modules] == [
        ("parts", "part.bicep", ["name", "params"])
    ]


def test_it_knows_what_a_file_refers_to() -> None:
    file = read(WHOLE)

    assert file.references() == {"names", "more", "made", "item", "text", "other", "there"}
    assert file.locals() == {"item", "text"}
    assert file.functions() == {"description", "minLength", "map"}
    assert file.module_outputs() == {("other", "id")}


@pytest.mark.parametrize(
    "text",
    [
        "param a string = [",
        "var a = 'open\n",
        "var a = call(1,,2)",
        "var a = b ? c",
        "output a string",
        "resource a 'A.B/c@2024-01-01' = { name: }",
        "resource a 'A.B/c@2024-01-01' = { name: 'x' } }",
        "resource a 'A.B/c@2024-01-01' = { name: 'x' tags: {} }",
        "var a = ['x' 'y']",
    ],
)
def test_it_finds_what_is_wrong(text: str) -> None:
    assert read(text).faults() != []
