from __future__ import annotations

import json
from typing import Any

from tests.unit.kiln.cli.command_line import run
from tests.unit.kiln.cli.fake_kiln import TEMPLATES, Answer, FakeKiln


def node(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"id": f"/{kind}/{name}", "kind": kind, "name": name, **more}


def edge(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"from": start, "to": end.upper(), **more}


MARKET = node("Debian:debian-12:12-gen2", "MarketplaceImage", location="westeurope", version="12.2")
BASE, APP, OTHER = (node(name, "ImageTemplate") for name in ("base", "app", "other"))
IMAGE = node("base", "ImageDefinition", version="1.0.1")
GRAPH = {
    "nodes": [APP, IMAGE, BASE, OTHER, MARKET],
    "edges": [
        edge(MARKET["id"], BASE["id"], version="12.2", state="UpToDate", triggers={"follow": "Active"}),
        edge(MARKET["id"], OTHER["id"], state="NeverBuilt", triggers={}),
        edge(BASE["id"], IMAGE["id"], version="1.0.1"),
        edge(OTHER["id"], IMAGE["id"]),
        edge(IMAGE["id"], APP["id"], version="1.0.0", state="Behind", triggers={"follow": "Deactivated"}),
    ],
}
GROUP = TEMPLATES.replace("imageTemplates", "imageGraph")


def fake(graph: dict[str, Any]) -> FakeKiln:
    return FakeKiln(overrides={"GET imageGraph": Answer(200, graph)})


def test_a_tree_shows_what_flows_where_and_a_diamond_once() -> None:
    kiln = fake(GRAPH)
    result = run("graph", kiln=kiln)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "images",
        "└── Debian:debian-12:12-gen2 12.2  in westeurope",
        "    ├── base  up to date (12.2)  follow: active",
        "    │   └── base 1.0.1",
        "    │       └── app  behind (1.0.0)  follow: deactivated",
        "    └── other  never built",
        "        └── base 1.0.1  (see above)",
    ]
    assert str(kiln.sent[0].url).split("?")[0].endswith(GROUP)


def test_a_cycle_is_drawn_once() -> None:
    cycle = {"nodes": [BASE, IMAGE], "edges": [edge(BASE["id"], IMAGE["id"]), edge(IMAGE["id"], BASE["id"])]}
    result = run("graph", kiln=fake(cycle))
    assert [line.strip("└─ ") for line in result.stdout.splitlines()] == [
        "images",
        "base",
        "base 1.0.1",
        "base  (see above)",
    ]


def test_mermaid_is_for_a_page() -> None:
    lines = run("graph", "--mermaid", kiln=fake(GRAPH)).stdout.splitlines()
    assert lines[0] == "flowchart LR"
    assert '  n1(["base 1.0.1"])' in lines
    assert "  n1 -- behind --> n0" in lines


def test_json_is_the_apis_own_and_of_the_whole_subscription_if_asked_for() -> None:
    kiln = fake(GRAPH)
    assert json.loads(run("graph", "--json", "--all", kiln=kiln).stdout) == GRAPH
    assert "resourceGroups" not in str(kiln.sent[0].url)


def test_nothing_is_said_in_words() -> None:
    assert run("graph", kiln=fake({"nodes": [], "edges": []})).stdout == "No image templates.\n"
