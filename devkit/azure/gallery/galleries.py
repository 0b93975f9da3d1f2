"""Galleries: the containers of image definitions.

It owns the gallery's document; it must not know what a definition or version is made of.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from devkit.azure import crud
from devkit.azure.cloud_ids import SUBSCRIPTION_ID
from devkit.azure.errors import ArmError
from devkit.azure.gallery.shapes import GALLERY
from devkit.azure.operations import WorkTable
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
works = WorkTable()
TYPE = "Microsoft.Compute/galleries"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.]{0,78}[A-Za-z0-9])?")


@table.route("PUT", crud.path_of(TYPE), body=GALLERY)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create or update a gallery; its name has letters, digits, dots and underscores."""
    name = call.id.rsplit("/", 1)[-1]
    if not _NAME.fullmatch(name):
        raise ArmError(400, "InvalidParameter", f"The gallery name '{name}' is invalid.", target="galleryName")
    unique = f"{SUBSCRIPTION_ID}-{name.upper()}"
    call.body.setdefault("properties", {})["identifier"] = {"uniqueName": unique}
    return crud.put(cloud, call, TYPE, call.body, work="gallery.put")


def _refuse(cloud: Cloud, gallery: Resource) -> None:
    inside = cloud.store.list(kind="Microsoft.Compute/galleries/images", within=gallery.id)
    if inside:
        message = f"Can not delete resource '{gallery.id}' before nested resources are deleted: {inside[0].id}."
        raise ArmError(409, "CannotDeleteResource", message)


async def remove(cloud: Cloud, gallery: Resource) -> None:
    """Delete a gallery."""
    cloud.store.delete(gallery)


crud.reads(table, TYPE)
works.work("gallery.put")(crud.settle)
crud.deletes(table, works, TYPE, work="gallery.delete", remove=remove, refuse=_refuse)
