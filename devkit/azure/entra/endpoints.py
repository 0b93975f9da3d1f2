"""Token endpoints for applications: managed identity and client credentials.

It owns these two protocols; it must not know who may do what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure.entra import claims
from devkit.azure.entra.claims import APPLICATION_LIFETIME, About
from devkit.azure.errors import ArmError
from devkit.azure.identity.app_identities import Principal, find
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()


@table.route("GET", "/msi/token", anonymous=True)
@table.route("GET", "/msi/oauth2/token", anonymous=True)
async def managed_identity(cloud: Cloud, call: Call) -> Answer:
    """Answer App Service's managed identity endpoint (learn.microsoft.com: "How to use managed identities").

    Its refusals are not Resource Manager's: a status and a message, worded as clients quote them.
    """
    if "resource" not in call.query:
        return _refused("The query parameter 'resource' is required.")
    principal = find(cloud.store, call.query)
    if principal is None:
        return _refused(
            "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
        )
    resource = call.query["resource"]
    made = claims.of_application(cloud.issuer, About(resource), principal)
    return Answer(200, {
        "access_token": cloud.issuer.sign(made),
        "expires_on": str(made["exp"]),
        "resource": resource,
        "token_type": "Bearer",
        "client_id": principal.client_id,
    })  # fmt: skip


def _refused(message: str) -> Answer:
    return Answer(400, {"statusCode": 400, "message": message})


@table.route("POST", "/{tenant}/oauth2/token", anonymous=True)
@table.route("POST", "/{tenant}/oauth2/v2.0/token", anonymous=True)
async def client_credentials(cloud: Cloud, call: Call) -> Answer:
    """Answer the token endpoints v1 (resource) and v2 (scope) for the client credentials grant; any secret is right.

    On Azure the API's registration decides a token's version, whatever endpoint is asked: requestedAccessTokenVersion.
    Nothing is registered here: Microsoft's APIs, which are web addresses, take 1.0; others the endpoint's version.
    """
    form = call.body if isinstance(call.body, dict) else {}
    if form.get("grant_type") != "client_credentials":
        raise ArmError(400, "unsupported_grant_type", "The local Azure knows the grant client_credentials alone.")
    audience = form.get("resource") or form.get("scope", "").removesuffix("/.default")
    client = form.get("client_id", "")
    own = "/v2.0/" in call.path and not audience.startswith("https://")
    about = About(audience, version="2.0" if own else "1.0", tenant=call.params["tenant"])
    made = claims.of_application(cloud.issuer, about, Principal(client, claims.object_id_of(client)))
    return Answer(200, {
        "token_type": "Bearer",
        "access_token": cloud.issuer.sign(made),
        "expires_in": str(APPLICATION_LIFETIME) if "resource" in form else APPLICATION_LIFETIME,
        "ext_expires_in": APPLICATION_LIFETIME,
        "expires_on": str(made["exp"]),
        "not_before": str(made["nbf"]),
        "resource": audience,
    })  # fmt: skip
