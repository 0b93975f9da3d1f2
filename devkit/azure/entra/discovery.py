"""Discovery documents, in which clients and resource servers find endpoints and keys: OpenID Connect's and the cloud's.

It owns these documents; it must not know tokens. The paths are those of "OpenID Connect on the Microsoft identity
platform".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure.cloud_ids import TENANT_ID
from devkit.azure.routing import Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()


@table.route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", anonymous=True)
async def configuration_v2(cloud: Cloud, call: Call) -> Answer:
    """Answer where a tenant's version 2.0 endpoints and keys are."""
    base = f"{call.origin}/{call.params['tenant']}"
    return Answer(200, {
        **_configuration(cloud, call, "2.0"),
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
    })  # fmt: skip


@table.route("GET", "/{tenant}/.well-known/openid-configuration", anonymous=True)
async def configuration_v1(cloud: Cloud, call: Call) -> Answer:
    """Answer where a tenant's version 1.0 endpoints and keys are."""
    base = f"{call.origin}/{call.params['tenant']}"
    return Answer(200, {
        **_configuration(cloud, call, "1.0"),
        "jwks_uri": f"{base}/discovery/keys",
        "token_endpoint": f"{base}/oauth2/token",
        "authorization_endpoint": f"{base}/oauth2/authorize",
    })  # fmt: skip


def _configuration(cloud: Cloud, call: Call, version: str) -> dict[str, Any]:
    return {
        "issuer": cloud.issuer.name(call.params["tenant"], version),
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
    }


@table.route("GET", "/{tenant}/discovery/v2.0/keys", anonymous=True)
@table.route("GET", "/{tenant}/discovery/keys", anonymous=True)
async def keys(cloud: Cloud, _: Call) -> Answer:
    """Answer the public keys of the tokens' issuer: one for all tenants and versions."""
    return Answer(200, cloud.issuer.keys())


@table.route("GET", "/metadata/endpoints", anonymous=True)
async def cloud_metadata(_: Cloud, call: Call) -> Answer:
    """Answer `az cloud register --endpoint-resource-manager` with the cloud's metadata: one object since 2022-09-01."""
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
