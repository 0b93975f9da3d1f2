"""The control plane under /_local/: the log of requests, the resources, fault rules, latency and the marketplace.

It owns these routes, for loopback clients without a token; it must not know any service's rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure.errors import invalid
from devkit.azure.latency import PROFILES
from devkit.azure.marketplace_catalog import MARKETPLACE_VERSION, publish
from devkit.azure.routing import Answer, Call, RouteTable
from devkit.azure.shapes import NUMBER, Must, OneOf, check

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()


@table.route("GET", "/_local/requests", anonymous=True)
async def list_requests(cloud: Cloud, _: Call) -> Answer:
    """List all requests with method, path, api-version, status and time."""
    return Answer(200, cloud.requests.show())


@table.route("DELETE", "/_local/requests", anonymous=True)
async def clear_requests(cloud: Cloud, _: Call) -> Answer:
    """Forget the requests so far."""
    cloud.requests.clear()
    return Answer(204)


@table.route("GET", "/_local/resources", anonymous=True)
async def list_resources(cloud: Cloud, _: Call) -> Answer:
    """List every resource, groups included, as id and type."""
    found = [{"id": resource.id, "type": resource.type} for resource in cloud.store.list()]
    return Answer(200, {"count": len(found), "resources": found})


@table.route("GET", "/_local/faults", anonymous=True)
async def list_faults(cloud: Cloud, _: Call) -> Answer:
    """List the fault rules with how often each was met and fired."""
    return Answer(200, cloud.faults.show())


@table.route("PUT", "/_local/faults", anonymous=True)
async def replace_faults(cloud: Cloud, call: Call) -> Answer:
    """Put a list of rules in place of the old ones."""
    if not isinstance(call.body, list):
        raise invalid("Send a list of fault rules.")
    cloud.faults.replace(call.body)
    return Answer(200, cloud.faults.show())


@table.route("POST", "/_local/faults", anonymous=True)
async def add_fault(cloud: Cloud, call: Call) -> Answer:
    """Add one rule behind the others."""
    cloud.faults.add(call.body)
    return Answer(200, cloud.faults.show())


@table.route("DELETE", "/_local/faults", anonymous=True)
async def clear_faults(cloud: Cloud, _: Call) -> Answer:
    """Drop all rules."""
    cloud.faults.replace([])
    return Answer(204)


@table.route("GET", "/_local/latency", anonymous=True)
async def show_latency(cloud: Cloud, _: Call) -> Answer:
    """Show the profile in force."""
    return Answer(200, {"profile": cloud.latency.name, "timeScale": cloud.time_scale})


@table.route("PUT", "/_local/latency", anonymous=True)
async def set_latency(cloud: Cloud, call: Call) -> Answer:
    """Use another profile for operations that begin from now on."""
    wanted = check({"profile": Must(OneOf(tuple(PROFILES))), "timeScale": NUMBER}, call.body)
    cloud.set_latency(PROFILES[wanted["profile"]], wanted.get("timeScale", 1.0))
    return await show_latency(cloud, call)


@table.route("POST", "/_local/marketplace", anonymous=True, body=MARKETPLACE_VERSION)
async def publish_version(cloud: Cloud, call: Call) -> Answer:
    """Publish a marketplace version of a SKU that exists, or a new SKU with all its facts."""
    publish(cloud.store, call.body)
    return Answer(201, call.body)
