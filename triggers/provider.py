"""The resource provider over HTTP: the list of its operations, and the answer for paths that nothing serves.

The list is what roles are made of; it has an entry for everything that a route here does, and no other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df

from kiln.errors import ResourceNotFound
from kiln.ids import PROVIDER
from triggers.endpoint import HANDLERS, endpoint, serve_all
from triggers.refusals import MethodNotAllowed
from triggers.reply import Reply

if TYPE_CHECKING:
    from triggers.call import Call

ALL_METHODS = ("GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS")

bp = df.Blueprint()


@dataclass(frozen=True)
class Doing:
    """One thing that clients may do; `name` is what a role names, below the provider."""

    name: str
    resource: str
    operation: str

    def shown(self) -> dict[str, Any]:
        """Return it as Resource Manager shows it."""
        return {
            "name": f"{PROVIDER}/{self.name}",
            "isDataAction": False,
            "display": {
                "provider": PROVIDER,
                "resource": self.resource,
                "operation": self.operation,
                "description": f"{self.operation}.",
            },
            "origin": "user",
        }


DOINGS = (
    Doing("operations/read", "Operations", "List what the provider can do"),
    Doing("locations/operations/read", "Operations", "Get how a long-running operation is, and its result"),
    Doing("imageGraph/read", "Image graph", "Get what is built from what"),
    Doing("events/read", "Events", "List what was published lately"),
    Doing("health/read", "Health", "Get what is wrong with Kiln and around it"),
    Doing("sweep/action", "Health", "Delete what builds left behind"),
    Doing("imageTemplates/read", "Image templates", "Get or list image templates"),
    Doing("imageTemplates/write", "Image templates", "Submit or change an image template"),
    Doing("imageTemplates/delete", "Image templates", "Delete an image template"),
    Doing("imageTemplates/run/action", "Image templates", "Start a run of an image template"),
    Doing("imageTemplates/cancel/action", "Image templates", "Cancel the run of an image template"),
    Doing("imageTemplates/versions/read", "Image template versions", "Get or list the versions of an image template"),
    Doing("imageTemplates/runOutputs/read", "Run outputs", "Get or list the latest outputs of an image template"),
    Doing("imageTemplates/runOutputs/getAccess/action", "Run outputs", "Get a URL to download a VHD"),
    Doing("imageTemplates/triggers/read", "Triggers", "Get or list the triggers of an image template"),
    Doing("imageTemplates/triggers/write", "Triggers", "Store a trigger of an image template"),
    Doing("imageTemplates/triggers/delete", "Triggers", "Remove a trigger of an image template"),
    Doing("imageTemplates/triggers/fire/action", "Triggers", "Fire a Webhook trigger with a signed request"),
    Doing("imageTemplates/runs/read", "Runs", "Get or list the runs of an image template"),
    Doing("imageTemplates/runs/log/read", "Runs", "Read the log of a run"),
    Doing("imageTemplates/runs/retry/action", "Runs", "Retry a run"),
)


@endpoint(bp, "GET", f"providers/{PROVIDER}/operations", "operations/read", partly=True)
async def list_operations(_: Call) -> Reply:
    """Answer what the provider can do."""
    return Reply(HTTPStatus.OK, {"value": [doing.shown() for doing in DOINGS]})


@serve_all(bp, ALL_METHODS, "providers/{*rest}", "operations/read")
async def refuse_provider_path(call: Call) -> Reply:
    """Refuse what no route of the tenant serves."""
    raise unserved(call)


@serve_all(bp, ALL_METHODS, "subscriptions/{*rest}", "operations/read")
async def refuse_subscription_path(call: Call) -> Reply:
    """Refuse what no route of a subscription serves."""
    raise unserved(call)


def unserved(call: Call) -> MethodNotAllowed | ResourceNotFound:
    """Return the error for a path that nothing serves, or not with this method."""
    allowed = sorted(
        {
            method
            for route, methods in HANDLERS.items()
            for method in methods
            if route_pattern(route).fullmatch(call.path)
        }
    )
    if allowed:
        return MethodNotAllowed(call.method, call.path, tuple(allowed))
    why = f"Kiln has the resource types of {PROVIDER}/imageTemplates alone"
    if "//" in call.path:
        why = "'//' in a path is an empty name; write one '/'"
    return ResourceNotFound(
        f"There is nothing at {call.path}: {why}.",
        code="InvalidResourceType",
        target=call.path,
    )


def route_pattern(route: str) -> re.Pattern[str]:
    """Return a pattern for a route's paths, with a group for each parameter, in any case, as ARM compares."""
    parts = [f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part) for part in route.split("/")]
    return re.compile("/" + "/".join(parts) + "/?", re.IGNORECASE)
