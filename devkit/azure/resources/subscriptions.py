"""Subscriptions, their regions and resource providers, as far as clients ask before they do anything else.

It owns these read-only answers; it must not know the resources inside a subscription.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure.cloud_ids import SUBSCRIPTION_ID, TENANT_ID
from devkit.azure.errors import ArmError
from devkit.azure.regions import REGIONS
from devkit.azure.routing import SUBSCRIPTION, Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()
NAMESPACES = (
    "Microsoft.Authorization", "Microsoft.Compute", "Microsoft.ManagedIdentity", "Microsoft.Network",
    "Microsoft.Resources", "Microsoft.Storage",
)  # fmt: skip
RESOURCE_TYPES = {"Microsoft.Compute": ("galleries/images/versions", "images", "virtualMachines")}
"""Resource types whose regions clients ask for; each is in all regions."""


def _subscription() -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{SUBSCRIPTION_ID}",
        "subscriptionId": SUBSCRIPTION_ID,
        "tenantId": TENANT_ID,
        "displayName": "Local Azure",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
    }


@table.route("GET", "/subscriptions")
async def list_subscriptions(_: Cloud, __: Call) -> Answer:
    """List the one subscription."""
    return Answer(200, {"value": [_subscription()], "count": {"type": "Total", "value": 1}})


@table.route("GET", SUBSCRIPTION)
async def get_subscription(_: Cloud, __: Call) -> Answer:
    """Show the subscription."""
    return Answer(200, _subscription())


@table.route("GET", "/tenants")
async def list_tenants(_: Cloud, __: Call) -> Answer:
    """List the one tenant."""
    return Answer(200, {"value": [{"id": f"/tenants/{TENANT_ID}", "tenantId": TENANT_ID}]})


@table.route("GET", SUBSCRIPTION + "/locations")
async def list_locations(_: Cloud, __: Call) -> Answer:
    """List the regions."""
    value = [
        {
            "id": f"/subscriptions/{SUBSCRIPTION_ID}/locations/{name}",
            "subscriptionId": SUBSCRIPTION_ID,
            "name": name,
            "type": "Region",
            "displayName": display,
            "regionalDisplayName": display,
        }
        for name, display in REGIONS.items()
    ]
    return Answer(200, {"value": value})


def _provider(namespace: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{SUBSCRIPTION_ID}/providers/{namespace}",
        "namespace": namespace,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [
            {"resourceType": kind, "locations": list(REGIONS.values()), "apiVersions": []}
            for kind in RESOURCE_TYPES.get(namespace, ())
        ],
    }


@table.route("GET", SUBSCRIPTION + "/providers")
async def list_providers(_: Cloud, __: Call) -> Answer:
    """List the resource providers, all registered."""
    return Answer(200, {"value": [_provider(namespace) for namespace in NAMESPACES]})


@table.route("GET", SUBSCRIPTION + "/providers/{namespace}")
@table.route("POST", SUBSCRIPTION + "/providers/{namespace}/register")
async def get_provider(_: Cloud, call: Call) -> Answer:
    """Show a resource provider, also when it is to be registered: all are."""
    asked = call.params["namespace"]
    for namespace in NAMESPACES:
        if namespace.lower() == asked.lower():
            return Answer(200, _provider(namespace))
    raise ArmError(404, "InvalidResourceNamespace", f"The resource namespace '{asked}' is invalid.")
