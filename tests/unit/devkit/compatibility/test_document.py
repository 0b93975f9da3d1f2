from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from devkit.compatibility import routes
from devkit.compatibility.document import document, markdown

ROOT = Path(__file__).parents[4]
PAGE = document()
DEFINITION = ROOT.parent.joinpath(
    "shared/reference/openapi/specification/imagebuilder/resource-manager/Microsoft.VirtualMachineImages/stable",
    "2025-10-01/imagebuilder.json",
)
ELSEWHERE = {"ImageTemplateListResult", "RunOutputCollection", "TriggerCollection", "Operation", "OperationListResult"}
"""Models of lists and of the provider's operations; api.md tells their form."""


def test_the_page_in_docs_is_what_the_code_says() -> None:
    assert ROOT.joinpath("docs", "compatibility.md").read_text(encoding="utf-8") == PAGE, "run: make docs"


def test_no_cell_is_empty() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    assert len(rows) > 200
    cells = [re.split(r"(?<!\\)\|", row)[1:-1] for row in rows]
    assert all(cell.strip() for row in cells for cell in row)
    with pytest.raises(ValueError, match="an empty cell"):
        markdown(("a", "b"), [("a", " ")])


def test_every_table_has_as_many_cells_in_each_line() -> None:
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


@pytest.mark.skipif(not DEFINITION.is_file(), reason=f"there is no {DEFINITION}")
def test_every_property_that_microsoft_defines_is_named() -> None:
    definitions = json.loads(DEFINITION.read_text(encoding="utf-8"))["definitions"]
    names: set[str] = set()
    waiting = [definition for name, definition in definitions.items() if name not in ELSEWHERE]
    while waiting:
        found = waiting.pop().get("properties", {})
        names |= found.keys()
        waiting += found.values()
    assert {name for name in names if f"`{name}`" not in PAGE} == set()


@pytest.mark.skipif(not DEFINITION.is_file(), reason=f"there is no {DEFINITION}")
def test_the_operations_that_are_called_azures_are_those_of_its_definition() -> None:
    paths = json.loads(DEFINITION.read_text(encoding="utf-8"))["paths"]
    assert {
        (method.upper(), routes.plain(path)) for path, methods in paths.items() for method in methods
    } == routes.AZURES


def test_a_route_of_azure_that_nothing_serves_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "AZURES", {*routes.AZURES, ("POST", "/nowhere")})
    with pytest.raises(KeyError, match="/nowhere"):
        routes.routes()


def test_routes_are_told_apart_by_whose_they_are() -> None:
    whose = {route.path: route.whose for route in routes.routes()}
    assert whose["PATCH `T`"] == "AIB"
    assert whose["GET `L/operations/{operation}`"] == "AIB (polled)"
    assert whose["GET `T/runs/{run}/log`"] == "Kiln"
