"""The place that a template is deployed to, and what the functions that speak of it know: group, subscription, cloud.

Source: Microsoft's "Scope functions" and "Deployment functions for ARM templates".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kiln.arm_template.faults import Unknown

ENVIRONMENT: dict[str, Any] = {
    "name": "AzureCloud",
    "resourceManager": "https://management.azure.com/",
    "authentication": {
        "loginEndpoint": "https://login.microsoftonline.com/",
        "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        "tenant": "common",
        "identityProvider": "AAD",
    },
    "suffixes": {
        "acrLoginServer": ".azurecr.io",
        "keyvaultDns": ".vault.azure.net",
        "sqlServerHostname": ".database.windows.net",
        "storage": "core.windows.net",
    },
}
"""The value of `environment()` in Azure's public cloud."""


@dataclass(frozen=True)
class Place:
    """The place that a template is deployed to. A part that is None is not known, and expressions that use it fail."""

    subscription: str | None = None
    group: str | None = None
    location: str | None = None
    deployment: str = "deployment"
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


def subscription_of(place: Place) -> dict[str, Any]:
    """Return the value of `subscription()`."""
    known = place.subscription
    return {
        "id": _known(known and f"/subscriptions/{known}", "subscription"),
        "subscriptionId": _known(known, "subscription"),
        "tenantId": Unknown("the tenant is known only to a deployment"),
        "displayName": Unknown("the subscription's name is known only to a deployment"),
    }


def group_of(place: Place) -> dict[str, Any]:
    """Return the value of `resourceGroup()`."""
    both = place.subscription is not None and place.group is not None
    id_ = f"/subscriptions/{place.subscription}/resourceGroups/{place.group}" if both else None
    return {
        "id": _known(id_, "resource group"),
        "name": _known(place.group, "resource group"),
        "type": "Microsoft.Resources/resourceGroups",
        "location": _known(place.location, "location"),
        "tags": Unknown("the resource group's tags are known only to a deployment"),
        "properties": {"provisioningState": "Succeeded"},
    }


def deployment_of(place: Place) -> dict[str, Any]:
    """Return the value of `deployment()`."""
    why = "a file has no templateLink: only a deployment from a URL or a template spec has one"
    location = _known(place.location, "location")
    return {"name": place.deployment, "location": location, "properties": {"templateLink": Unknown(why)}}


_WHYS = {
    "subscription": "the subscription is not known here",
    "resource group": "the resource group is not known here",
    "location": "the resource group's location is not known here",
}


def _known(value: str | None, part: str) -> Any:
    return Unknown(_WHYS[part], part) if value is None else value
