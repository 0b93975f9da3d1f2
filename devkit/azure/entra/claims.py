"""Claims of access tokens: those of applications and of people, in both versions.

It owns names and meaning of claims ("Access token claims reference"); it must not know HTTP or signatures.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devkit.azure import clock
from devkit.azure.cloud_ids import TENANT_ID

if TYPE_CHECKING:
    from devkit.azure.entra.issuer import Issuer
    from devkit.azure.identity.app_identities import Principal

APPLICATION_LIFETIME = 24 * 3600  # seconds, as Azure gives managed identities
PERSON_LIFETIME = 3600  # seconds
_EARLY = 300  # seconds that a token is good before it was issued: clocks differ
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
"""The client id of the Azure CLI, which people sign in with unless another is named."""
_MOST_GROUPS = 200  # in a JWT; with more, the token says where to ask for them ("Groups overage claim")


@dataclass(frozen=True)
class Person:
    """Somebody who has signed in with a client; `groups` are object ids."""

    name: str
    object_id: str
    client_id: str = AZURE_CLI
    groups: tuple[str, ...] = ()


@dataclass(frozen=True)
class About:
    """Facts of any token: `version` is "1.0" or "2.0", `lifetime` in seconds (negative: expired), app `roles`."""

    audience: str
    version: str = "1.0"
    tenant: str = TENANT_ID
    lifetime: int = APPLICATION_LIFETIME
    roles: tuple[str, ...] = ()


def object_id_of(name: str) -> str:
    """Return an object id for the principal of this name: the same one each time."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def of_application(issuer: Issuer, about: About, principal: Principal) -> dict[str, Any]:
    """Return the claims of a token that an application got for itself."""
    claims = {
        **_common(issuer, about, principal.object_id, principal.client_id),
        "idtyp": "app",
    }
    if principal.resource_id is not None:
        claims["xms_mirid"] = principal.resource_id
    return claims


def of_person(issuer: Issuer, about: About, person: Person) -> dict[str, Any]:
    """Return the claims of a token that a client got on behalf of a person."""
    login = "preferred_username" if about.version == "2.0" else "unique_name"
    claims = {
        **_common(issuer, about, person.object_id, person.client_id),
        "name": person.name,
        login: f"{person.name.lower().replace(' ', '.')}@local.example",
        "scp": "user_impersonation",
    }
    if len(person.groups) > _MOST_GROUPS:
        endpoint = f"https://graph.microsoft.com/v1.0/users/{person.object_id}/getMemberObjects"
        claims |= {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": endpoint}}}
    elif person.groups:
        claims["groups"] = list(person.groups)
    return claims


def _common(issuer: Issuer, about: About, object_id: str, client_id: str) -> dict[str, Any]:
    issued = int(clock.now())
    return {
        "aud": about.audience,
        "iss": issuer.name(about.tenant, about.version),
        "iat": issued,
        "nbf": issued - _EARLY,
        "exp": issued + about.lifetime,
        "oid": object_id,
        "sub": object_id,
        "azp" if about.version == "2.0" else "appid": client_id,
        "tid": about.tenant,
        "ver": about.version,
        **({"roles": list(about.roles)} if about.roles else {}),
    }
