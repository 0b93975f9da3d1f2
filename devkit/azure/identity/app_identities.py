"""The managed identities that the app has: its own, and user-assigned ones that somebody assigned to it.

It owns the list, which outlives the process, and the choice of the identity that a token request names; it must not
know tokens. The app's own identity, which counts where a request names none, is the seeded `builder`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devkit.azure import ids
from devkit.azure.cloud_ids import BUILDER_CLIENT_ID, BUILDER_ID, BUILDER_PRINCIPAL_ID
from devkit.azure.identity import identities
from devkit.azure.routing import Answer, Call, RouteTable
from devkit.azure.shapes import STR, Must

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devkit.azure.cloud import Cloud
    from devkit.azure.store import Resource, Store

table = RouteTable()
_RECORD = "app-identity"


@dataclass(frozen=True)
class Principal:
    """The principal that a token is for: ids of the service principal, and the resource that it belongs to."""

    client_id: str
    object_id: str
    resource_id: str | None = None


OWN = Principal(BUILDER_CLIENT_ID, BUILDER_PRINCIPAL_ID, BUILDER_ID)
# The property of an identity that each query parameter names; the id has none. App Service documents client_id,
# principal_id and mi_res_id ("How to use managed identities", REST endpoint reference); MSAL sends object_id for
# principal_id, and clients made for virtual machines say msi_res_id.
_SELECTORS = {
    "client_id": "clientId",
    "principal_id": "principalId",
    "object_id": "principalId",
    "mi_res_id": None,
    "msi_res_id": None,
}


def assign(store: Store, identity_id: str) -> None:
    """Assign an identity to the app, whether or not it exists yet."""
    store.record(_RECORD, ids.key(identity_id), {"id": identity_id})


def assigned(store: Store) -> list[str]:
    """List the ids of the identities that are assigned to the app, in the order of assignment."""
    return [body["id"] for _, body in store.records(_RECORD)]


def find(store: Store, query: Mapping[str, str]) -> Principal | None:
    """Find the identity that a token request names: an existing one that the app has. None if there is none."""
    named = [(_SELECTORS[name], value) for name, value in query.items() if name in _SELECTORS]
    if not named:
        return OWN
    for identity in _present(store):
        if all(_is(identity, property_name, value) for property_name, value in named):
            found = identity.properties
            return Principal(found["clientId"], found["principalId"], identity.id)
    return None


def _present(store: Store) -> Iterator[Resource]:
    for identity_id in assigned(store):
        identity = store.find(identity_id)
        if identity is not None and identity.type == identities.TYPE:
            yield identity


def _is(identity: Resource, property_name: str | None, value: str) -> bool:
    if property_name is None:
        return ids.key(value) == identity.key
    return bool(value.lower() == identity.properties[property_name].lower())


@table.route("GET", "/_local/app-identities", anonymous=True)
async def list_assigned(cloud: Cloud, _: Call) -> Answer:
    """List the user-assigned identities that the app has."""
    return Answer(200, {"identities": assigned(cloud.store)})


@table.route("POST", "/_local/app-identities", anonymous=True, body={"id": Must(STR)})
async def add(cloud: Cloud, call: Call) -> Answer:
    """Assign an existing identity to the app."""
    identity = cloud.store.get(call.body["id"])
    assign(cloud.store, identity.id)
    return await list_assigned(cloud, call)
