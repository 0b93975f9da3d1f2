"""Access tokens and the documents that lead clients to them: managed identity, client credentials, cloud metadata.

It owns the shape of tokens (unsigned JWTs: nobody here checks signatures); it must not know who may do what.
"""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING, Any

from devkit.azure import clock
from devkit.azure.cloud_ids import TENANT_ID
from devkit.azure.errors import ArmError
from devkit.azure.identity.app_identities import Principal, find
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()
LIFETIME = 24 * 3600  # seconds, as Azure gives managed identities


def mint(audience: str, principal: Principal, *, tenant: str = TENANT_ID) -> dict[str, Any]:
    """Make a token for an audience, with the claims that Entra ID puts into an application's token."""
    issued = int(clock.now())
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{tenant}/",
        "iat": issued,
        "nbf": issued - 300,
        "exp": issued + LIFETIME,
        "oid": principal.object_id,
        "sub": principal.object_id,
        "appid": principal.client_id,
        "idtyp": "app",
        "tid": tenant,
        "ver": "1.0",
    }
    if principal.resource_id is not None:
        claims["xms_mirid"] = principal.resource_id
    token = ".".join([_part({"typ": "JWT", "alg": "none"}), _part(claims), _part({})])
    return {"token": token, "claims": claims}


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


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
    made = mint(resource, principal)
    return Answer(200, {
        "access_token": made["token"],
        "expires_on": str(made["claims"]["exp"]),
        "resource": resource,
        "token_type": "Bearer",
        "client_id": principal.client_id,
    })  # fmt: skip


def _refused(message: str) -> Answer:
    return Answer(400, {"statusCode": 400, "message": message})


@table.route("POST", "/{tenant}/oauth2/token", anonymous=True)
@table.route("POST", "/{tenant}/oauth2/v2.0/token", anonymous=True)
async def client_credentials(_: Cloud, call: Call) -> Answer:
    """Answer the token endpoints v1 (resource) and v2 (scope) for the client credentials grant; any secret is right."""
    form = call.body if isinstance(call.body, dict) else {}
    if form.get("grant_type") != "client_credentials":
        raise ArmError(400, "unsupported_grant_type", "The local Azure knows the grant client_credentials alone.")
    scope = form.get("resource") or form.get("scope", "").removesuffix("/.default")
    client = form.get("client_id", "")
    application = Principal(client, str(uuid.uuid5(uuid.NAMESPACE_OID, client)))
    made = mint(scope, application, tenant=call.params["tenant"])
    claims = made["claims"]
    return Answer(200, {
        "token_type": "Bearer",
        "access_token": made["token"],
        "expires_in": str(LIFETIME) if "resource" in form else LIFETIME,
        "ext_expires_in": LIFETIME,
        "expires_on": str(claims["exp"]),
        "not_before": str(claims["nbf"]),
        "resource": scope,
    })  # fmt: skip


@table.route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", anonymous=True)
async def openid_configuration(_: Cloud, call: Call) -> Answer:
    """Answer where a tenant's endpoints are."""
    base = f"{call.origin}/{call.params['tenant']}"
    return Answer(200, {
        "issuer": f"{base}/v2.0",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "response_types_supported": ["code"],
    })  # fmt: skip


@table.route("GET", "/metadata/endpoints", anonymous=True)
async def cloud_metadata(_: Cloud, call: Call) -> Answer:
    """Answer what `az cloud register --endpoint-resource-manager` asks for: one object since 2022-09-01."""
    cloud = {
        "name": "LocalAzure",
        "resourceManager": call.origin,
        "portal": call.origin,
        "graph": call.origin,
        "authentication": {
            "loginEndpoint": call.origin,
            "audiences": [call.origin, "https://management.azure.com/"],
            "tenant": TENANT_ID,
            "identityProvider": "AAD",
        },
        "suffixes": {"storage": "core.windows.net"},
    }
    return Answer(200, cloud if call.api_version >= "2022" else [cloud])
