"""Image definitions: what the versions below them have in common.

It owns the definition's document; it must not know how a version is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure import crud, ids
from devkit.azure.errors import ArmError, invalid
from devkit.azure.gallery.shapes import DEFINITION
from devkit.azure.gallery_facts import features
from devkit.azure.operations import WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Compute/galleries/images"
_FIXED = ("osType", "osState", "hyperVGeneration", "architecture", "identifier", "purchasePlan")


@table.route("PUT", crud.path_of(TYPE), body=DEFINITION)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create or update a definition; publisher, offer and SKU are unique in their gallery.

    Features may change if `allowUpdateImage` is set (the gallery OpenAPI's description of it).
    """
    properties = call.body["properties"]
    properties.setdefault("hyperVGeneration", "V2")
    properties.setdefault("architecture", "x64")
    if properties["architecture"] == "Arm64" and properties["hyperVGeneration"] != "V2":
        raise invalid("The architecture Arm64 needs hyperVGeneration V2.", "galleryImage.properties.architecture")
    features.check(properties.get("features", []), properties["hyperVGeneration"])
    old = cloud.store.find(call.id)
    if old is not None:
        may_change = {"features"} if properties.get("allowUpdateImage", False) else set()
        for name in {*_FIXED, "features"} - may_change:
            if properties.get(name) != old.properties.get(name):
                message = f"Changing property 'galleryImage.properties.{name}' is not allowed."
                raise ArmError(409, "PropertyChangeNotAllowed", message, target=f"galleryImage.properties.{name}")
    for other in cloud.store.list(kind=TYPE, within=ids.parent(call.id)):
        if other.key != ids.key(call.id) and _identity(other.properties) == _identity(properties):
            message = f"The identifier of {call.id} is already used by {other.id}."
            raise ArmError(409, "Conflict", message, target="galleryImage.properties.identifier")
    return crud.put(cloud, call, TYPE, call.body, work="definition.put")


def _identity(properties: dict[str, Any]) -> tuple[str, ...]:
    return tuple(properties["identifier"][part].lower() for part in ("publisher", "offer", "sku"))


def _refuse(cloud: Cloud, definition: Resource) -> None:
    inside = cloud.store.list(kind=f"{TYPE}/versions", within=definition.id)
    if inside:
        message = f"Can not delete resource '{definition.id}' before nested resources are deleted: {inside[0].id}."
        raise ArmError(409, "CannotDeleteResource", message)


async def remove(cloud: Cloud, definition: Resource) -> None:
    """Delete a definition."""
    cloud.store.delete(definition)


crud.reads(table, TYPE)
works.work("definition.put")(crud.settle)
crud.deletes(table, works, TYPE, work="definition.delete", remove=remove, refuse=_refuse)
