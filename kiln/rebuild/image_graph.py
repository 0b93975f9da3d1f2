"""The graph of images as the API shows it: sources, image definitions and templates, with the edges between them. Pure.

It owns the shape of the answer; the caller gathers the facts about each template.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.ids import name_of
from kiln.rebuild.source import GalleryDefinition, MarketplaceImage, produced_definitions, source_of, version_order
from kiln.template.sources import ManagedImageSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kiln.runs.record import RunRecord, TemplateRecord
    from kiln.template.models import ImageTemplate

Shown = dict[str, Any]


@dataclass(frozen=True)
class KnownTemplate:
    """A template with its latest run, the version that it was last built from, and its triggers' states by name."""

    record: TemplateRecord
    model: ImageTemplate
    run: RunRecord | None
    built: str | None
    triggers: Mapping[str, str]


def image_graph(templates: Iterable[KnownTemplate], newest: Mapping[str, str]) -> Shown:
    """Return the nodes and edges; `newest` has the newest known versions of sources, by key."""
    nodes: dict[str, Shown] = {}
    edges: list[Shown] = []
    for template in templates:
        node = _template(template)
        nodes[node["id"].lower()] = node
        source = _source(template, newest)
        known = nodes.setdefault(source["id"].lower(), source)
        for output in _fed(template):
            before = nodes.setdefault(output["id"].lower(), output)
            before["version"] = _later(before.get("version"), output.get("version"))
            edges.append(_edge(node["id"], before["id"], version=output.get("version")))
        edges.append(_edge(known["id"], node["id"], version=template.built, triggers=dict(template.triggers)))
    for edge in edges:
        _compare(edge, nodes)
    return {"nodes": [_present(node) for node in nodes.values()], "edges": [_present(edge) for edge in edges]}


def _template(template: KnownTemplate) -> Shown:
    record, run = template.record, template.run
    return {
        "id": record.id.arm,
        "kind": "ImageTemplate",
        "name": record.id.name,
        "location": record.body["location"],
        "provisioningState": record.provisioning_state.value,
        "runState": run.state.value if run else None,
        "runId": run.run_id if run else None,
    }


def _source(template: KnownTemplate, newest: Mapping[str, str]) -> Shown:
    source = source_of(template.model)
    match source:
        case MarketplaceImage():
            return {
                "id": source.key,
                "kind": "MarketplaceImage",
                "name": f"{source.publisher}:{source.offer}:{source.sku}",
                "location": source.region,
                "version": newest.get(source.key),
            }
        case GalleryDefinition():
            return _definition(source.id, newest.get(source.key))
        case None:
            given = template.model.properties.source
            image = given.image_id if isinstance(given, ManagedImageSource) else ""
            return {"id": image, "kind": "ManagedImage", "name": name_of(image)}


def _fed(template: KnownTemplate) -> list[Shown]:
    """Return the image definitions that a template makes versions of, each with the version that it last made there."""
    made = {
        output.artifact_id.lower().rsplit("/versions/", 1)[0]: name_of(output.artifact_id)
        for output in template.record.outputs.values()
        if output.kind == "SharedImage" and output.artifact_id
    }
    return [
        _definition(definition.id, made.get(definition.id.lower()))
        for definition in produced_definitions(template.model)
    ]


def _definition(image_id: str, version: str | None) -> Shown:
    return {"id": image_id, "kind": "ImageDefinition", "name": name_of(image_id), "version": version}


def _edge(start: str, end: str, **facts: Any) -> Shown:
    return {"from": start, "to": end, **facts}


def _compare(edge: Shown, nodes: Mapping[str, Shown]) -> None:
    """Note on an edge from a source whether its template has the newest known version."""
    if "triggers" not in edge:
        return
    newest = nodes[edge["from"].lower()].get("version")
    if edge["version"] is None:
        edge["state"] = "NeverBuilt"
    elif newest is None or version_order(edge["version"]) >= version_order(newest):
        edge["state"] = "UpToDate"
    else:
        edge["state"] = "Behind"


def _later(one: str | None, other: str | None) -> str | None:
    return max((version for version in (one, other) if version), key=version_order, default=None)


def _present(shown: Shown) -> Shown:
    return {name: value for name, value in shown.items() if value is not None}
