"""The triggers of Image Builder's templates: stored, shown and listed. They start nothing.

It owns a trigger's document; the one kind that Microsoft's definition has is SourceImage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure import crud
from devkit.azure.imagebuilder import templates
from devkit.azure.imagebuilder.shapes import TRIGGER
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()
TYPE = f"{templates.TYPE}/triggers"
remove = templates.remove


@table.route("PUT", crud.path_of(TYPE), body=TRIGGER)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create a trigger, or replace it."""
    templates.check_name(call, "triggerName")
    return templates.store(cloud, call, TYPE)


crud.reads(table, TYPE)
