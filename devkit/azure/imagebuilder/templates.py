"""Image Builder's templates: stored as they are sent, shown and listed by the page. Nothing is built of them.

It owns a template's document; runs, outputs, PATCH and DELETE have no route, so that they are refused by name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from devkit.azure import crud
from devkit.azure.errors import invalid
from devkit.azure.imagebuilder.shapes import NAME, TEMPLATE
from devkit.azure.resources import listing
from devkit.azure.routing import SUBSCRIPTION, Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource

table = RouteTable()
TYPE = "Microsoft.VirtualMachineImages/imageTemplates"
PATH = crud.path_of(TYPE)
PAGE = 50
"""Templates on a page of a list; Microsoft documents no number, and a client has to take any."""


@table.route("PUT", PATH, body=TEMPLATE)
async def put(cloud: Cloud, call: Call) -> Answer:
    """Create a template, or replace it. What it names is not looked at."""
    check_name(call, "imageTemplateName")
    return store(cloud, call, TYPE)


def store(cloud: Cloud, call: Call, kind: str) -> Answer:
    """Keep a PUT's body and answer it as Succeeded at once, since there is nothing to be done for it."""
    resource, created = crud.stage(cloud, call, kind, call.body)
    resource.properties["provisioningState"] = "Succeeded"
    cloud.store.save(resource)
    return Answer(201 if created else 200, resource.show())


def check_name(call: Call, parameter: str) -> None:
    """Refuse a name that the definition's pattern does not fit."""
    name = call.id.rsplit("/", 1)[-1]
    if not re.fullmatch(NAME, name):
        raise invalid(f"The name '{name}' does not match ^{NAME}$.", parameter)


@table.route("GET", PATH)
async def get(cloud: Cloud, call: Call) -> Answer:
    """Answer a template."""
    return Answer(200, cloud.store.get(call.id).show())


@table.route("GET", TYPE)
@table.route("GET", f"{SUBSCRIPTION}/providers/{TYPE}")
async def listed(cloud: Cloud, call: Call) -> Answer:
    """List the templates of a group or of the subscription, a page at a time."""
    found = cloud.store.list(kind=TYPE, within=call.id)
    return listing.page(call, [resource.show() for resource in found], size=PAGE)


async def remove(cloud: Cloud, resource: Resource) -> None:
    """Delete a template, with its group."""
    cloud.store.delete(resource)
