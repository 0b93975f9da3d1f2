"""`POST /_local/tokens`: a token for anybody, as if they had signed in; for people and tests on this machine.

It owns the route and its body; the gateway decides who may call it (loopback alone).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure.cloud_ids import TENANT_ID
from devkit.azure.entra import claims
from devkit.azure.entra.claims import APPLICATION_LIFETIME, AZURE_CLI, PERSON_LIFETIME, About, Person, object_id_of
from devkit.azure.identity.app_identities import Principal
from devkit.azure.routing import Answer, Call, RouteTable
from devkit.azure.shapes import INT, MAP, STR, Many, Must, OneOf

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()
_REQUEST = {
    "audience": Must(STR),
    "type": OneOf(("user", "application")),
    "name": STR,
    "oid": STR,
    "clientId": STR,
    "tenant": STR,
    "version": OneOf(("1.0", "2.0")),
    "roles": Many(STR),
    "groups": Many(STR),
    "lifetime": INT,  # seconds from now; negative for a token that has expired
    "claims": MAP,  # replaces any claim; null takes it away
}


@table.route("POST", "/_local/tokens", anonymous=True, body=_REQUEST)
async def mint(cloud: Cloud, call: Call) -> Answer:
    """Make a token of a person or an application, of version 2.0 unless asked otherwise."""
    asked = call.body
    is_person = asked.get("type", "user") == "user"
    about = About(
        asked["audience"],
        version=asked.get("version", "2.0"),
        tenant=asked.get("tenant", TENANT_ID),
        lifetime=asked.get("lifetime", PERSON_LIFETIME if is_person else APPLICATION_LIFETIME),
        roles=tuple(asked.get("roles", ())),
    )
    made = _of_person(cloud, about, asked) if is_person else _of_application(cloud, about, asked)
    made |= asked.get("claims", {})
    kept = {name: value for name, value in made.items() if value is not None}
    return Answer(200, {"token": cloud.issuer.sign(kept), "claims": kept})


def _of_person(cloud: Cloud, about: About, asked: dict[str, Any]) -> dict[str, Any]:
    name = asked.get("name", "Somebody Local")
    return claims.of_person(
        cloud.issuer,
        about,
        Person(
            name=name,
            object_id=asked.get("oid", object_id_of(name)),
            client_id=asked.get("clientId", AZURE_CLI),
            groups=tuple(asked.get("groups", ())),
        ),
    )


def _of_application(cloud: Cloud, about: About, asked: dict[str, Any]) -> dict[str, Any]:
    client = asked.get("clientId", asked.get("name", "an application"))
    principal = Principal(client, asked.get("oid", object_id_of(client)))
    made = claims.of_application(cloud.issuer, about, principal)
    return {**made, "groups": asked["groups"]} if "groups" in asked else made
