"""The environments of the child processes: what they inherit, and the app's whole configuration.

It must not know how they are started.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from devkit.azure.cloud_ids import SUBSCRIPTION_ID, TENANT_ID
from devkit.local.endpoints import port_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "KILN_CACHE_DIR", "KILN_LOG_LEVEL")
_LOOPBACK = "127.0.0.1,localhost"
AUDIENCE = "api://kiln"
"""The audience of tokens for the local Kiln's API."""


def inherited(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of every child, without a developer's own AZURE_..., proxy and KILN_... settings."""
    kept = {name: environment[name] for name in _INHERITED if name in environment}
    return {"KILN_LOG_LEVEL": "INFO", **kept, "PYTHONUNBUFFERED": "1", "NO_PROXY": _LOOPBACK}


def app_settings(
    *, azure: str, state: str, ca: str, topic: str | None = None, given: Iterable[tuple[str, str]] = ()
) -> dict[str, str]:
    """Return the app's settings: what Azure's portal calls the environment variables of a function app.

    `azure` is the local Azure's base URL, `state` the blob endpoint of the app's own storage account, `ca` the
    file with the certificate authority of both, `topic` where the app announces its events, if it does. Settings that
    are `given` count before those that a local Kiln has anyway.
    """
    reach = [f"/subscriptions/{SUBSCRIPTION_ID}", "{0.scheme}://{0.netloc}".format(urlsplit(state))]
    return {
        **({"KILN_TOPIC_ENDPOINT": topic} if topic else {}),
        "KILN_ARM_ENDPOINT": azure,
        "KILN_STATE_ENDPOINT": state,
        "KILN_BLOB_SUFFIXES": urlsplit(state).netloc,
        # Developers serve their own scripts to their own builds.
        "KILN_PRIVATE_ARTIFACTS": "localhost,127.0.0.0/8,::1/128",
        "KILN_AUTH_AUTHORITY": f"{azure}/{TENANT_ID}",
        "KILN_AUTH_AUDIENCES": AUDIENCE,
        "KILN_REACH": json.dumps([{"templates": "/", "resources": reach}]),
        # "How to use managed identities for App Service": the platform tells the app where to ask for tokens.
        "IDENTITY_ENDPOINT": f"http://127.0.0.1:{port_of(azure)}/msi/token",
        "IDENTITY_HEADER": "local",
        "REQUESTS_CA_BUNDLE": ca,
        "SSL_CERT_FILE": ca,
        "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1",
        **dict(given),
    }
