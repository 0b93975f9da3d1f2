"""Options of Azure's SDK clients that say how to connect: by the environment's proxy and authorities, read once.

The requests library, by which the SDKs send, reads the environment and netrc anew for each request, which takes a
tenth of a small request's CPU time; and a password in netrc for the same host would replace the token.
"""

from __future__ import annotations

from typing import Any


def connecting_to(endpoint: str) -> dict[str, Any]:
    """Return options for a client of the service at `endpoint`, of azure-core's `RequestsTransport` and `ProxyPolicy`.

    `HTTPS_PROXY`, `NO_PROXY`, `REQUESTS_CA_BUNDLE` and their kin count as they are now.
    """
    import requests

    with requests.Session() as session:
        found = session.merge_environment_settings(endpoint, {}, None, True, None)  # noqa: FBT003 - its signature
    return {"use_env_settings": False, "connection_verify": found["verify"], "proxies": dict(found["proxies"])}
