"""Destinations of event subscriptions: the URL behind each, and the local functions that have one.

It owns both ways to an endpoint, by URL and by a function's ARM id; it must not know what is sent there.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from devkit.azure import ids
from devkit.azure.errors import ArmError, invalid

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource, Store

_FUNCTION = "function"


def set_functions(store: Store, functions: dict[str, str]) -> None:
    """Set the URL at which each function (ARM id: .../Microsoft.Web/sites/{app}/functions/{name}) takes its events."""
    for key, _ in list(store.records(_FUNCTION)):
        store.forget(_FUNCTION, key)
    for resource_id, url in functions.items():
        _check_function(ids.parse(resource_id, "id").type, resource_id)
        _check_url(url)
        store.record(_FUNCTION, ids.key(resource_id), {"id": resource_id, "url": url})


def functions(store: Store) -> dict[str, str]:
    """Return the URL of each known function by its id."""
    return {body["id"]: body["url"] for _, body in store.records(_FUNCTION)}


def _check_function(kind: str, resource_id: str) -> None:
    if kind.lower() != "microsoft.web/sites/functions":
        raise invalid(f"'{resource_id}' is not the id of a function.", "properties.destination.properties.resourceId")


def _check_url(url: str) -> None:
    """Refuse a URL that Event Grid does not send to: only https, but for this machine's own loopback addresses."""
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme != "http" or not _is_loopback(parts.hostname or ""):
        path = "properties.destination.properties.endpointUrl"
        raise invalid(f"The endpoint '{base_url(url)}' is invalid: Event Grid sends events to https endpoints.", path)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def base_url(url: str) -> str:
    """Return a URL without its query, where secrets are."""
    return url.split("?", maxsplit=1)[0]


def check_destination(cloud: Cloud, destination: dict[str, Any]) -> None:
    """Refuse a destination that cannot be sent to. Raises ArmError (400)."""
    properties = destination["properties"]
    if destination["endpointType"] == "WebHook":
        if not properties.get("endpointUrl"):
            path = "properties.destination.properties.endpointUrl"
            raise invalid(f"{path}: required and missing", path)
        _check_url(properties["endpointUrl"])
        return
    resource_id = properties.get("resourceId", "")
    _check_function(ids.parse(resource_id, "properties.destination.properties.resourceId").type, resource_id)
    if function_url(cloud, resource_id) is None:
        raise ArmError(
            400,
            "Endpoint validation",
            f"The attempt to validate the provided azure endpoint resource:{resource_id} failed.",
        )


def function_url(cloud: Cloud, resource_id: str) -> str | None:
    """Return the URL at which a function takes its events; None if it is not known here."""
    wanted = ids.key(resource_id)
    return next((body["url"] for key, body in cloud.store.records(_FUNCTION) if key == wanted), None)


def destination_of(subscription: Resource) -> dict[str, Any]:
    """Return a subscription's destination, with or without an identity."""
    properties = subscription.properties
    found: dict[str, Any] = (properties.get("deliveryWithResourceIdentity") or properties)["destination"]
    return found


def url_of(cloud: Cloud, subscription: Resource) -> str | None:
    """Return the full URL that a subscription's events go to; None for a function that is not known here any more."""
    destination = destination_of(subscription)
    if destination["endpointType"] == "WebHook":
        return str(subscription.private["endpointUrl"])
    return function_url(cloud, destination["properties"]["resourceId"])
