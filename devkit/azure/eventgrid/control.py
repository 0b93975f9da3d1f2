"""Event Grid's part of the control plane: local functions, the events, open deliveries, faults and time.

It owns these routes; it must not know how anything is delivered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure.errors import invalid
from devkit.azure.eventgrid import destinations
from devkit.azure.routing import Answer, Call, RouteTable
from devkit.azure.shapes import NUMBER, Must, check

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()


@table.route("GET", "/_local/functions", anonymous=True)
async def list_functions(cloud: Cloud, _: Call) -> Answer:
    """List the known functions: ARM id and URL."""
    return Answer(200, destinations.functions(cloud.store))


@table.route("PUT", "/_local/functions", anonymous=True)
async def set_functions(cloud: Cloud, call: Call) -> Answer:
    """Set the URLs at which functions take events, in place of those that were known."""
    if not isinstance(call.body, dict) or not all(isinstance(url, str) for url in call.body.values()):
        raise invalid('Send an object: {"<ARM id of the function>": "<URL>"}.')
    destinations.set_functions(cloud.store, call.body)
    return await list_functions(cloud, call)


@table.route("GET", "/_local/eventgrid/events", anonymous=True)
async def list_events(cloud: Cloud, call: Call) -> Answer:
    """List the latest published events, those with a number above the query's `after`."""
    after = call.query.get("after", "0")
    if not after.isdecimal():
        raise invalid(f"'{after}' is not a number.", "after")
    return Answer(200, {"events": cloud.events.published(int(after))})


@table.route("GET", "/_local/eventgrid/deliveries", anonymous=True)
async def list_deliveries(cloud: Cloud, _: Call) -> Answer:
    """List the open deliveries, with counts of what happened since the start."""
    events = cloud.events
    return Answer(200, {"now": events.time.now(), "counts": events.dispatcher.counts, "open": events.queue.show()})


@table.route("GET", "/_local/eventgrid/faults", anonymous=True)
async def list_faults(cloud: Cloud, _: Call) -> Answer:
    """List the rules with how often each was met."""
    return Answer(200, cloud.events.faults.show())


@table.route("PUT", "/_local/eventgrid/faults", anonymous=True)
async def replace_faults(cloud: Cloud, call: Call) -> Answer:
    """Put a list of rules in place of the old ones."""
    if not isinstance(call.body, list):
        raise invalid("Send a list of rules.")
    cloud.events.faults.replace(call.body)
    return Answer(200, cloud.events.faults.show())


@table.route("POST", "/_local/eventgrid/clock", anonymous=True)
async def advance(cloud: Cloud, call: Call) -> Answer:
    """Move Event Grid's time forward: what becomes due by that is delivered now."""
    seconds = check({"advance": Must(NUMBER)}, call.body)["advance"]
    if seconds < 0:
        raise invalid("Time does not go back.", "advance")
    cloud.events.time.advance(seconds)
    return Answer(200, {"now": cloud.events.time.now()})
