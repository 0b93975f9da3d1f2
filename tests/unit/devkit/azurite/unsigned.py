"""A credential whose tokens have the claims that Azurite checks, and no signature, as Azurite checks none."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from azure.core.credentials import AccessToken

_LIFETIME_SECONDS = 3600


class UnsignedCredential:
    """A TokenCredential for any scope of Azure Storage."""

    def __init__(self, audience: str = "https://storage.azure.com") -> None:
        self.audience = audience

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        now = int(time.time())
        expires = now + _LIFETIME_SECONDS
        claims = {
            "aud": self.audience,
            "iss": "https://sts.windows.net/00000000-0000-0000-0000-000000000000/",
            "iat": now,
            "nbf": now - 60,
            "exp": expires,
            "oid": "00000000-0000-0000-0000-00000000000a",
            "tid": "00000000-0000-0000-0000-000000000000",
        }
        parts = [_encode({"alg": "none", "typ": "JWT"}), _encode(claims), "unsigned"]
        return AccessToken(".".join(parts), expires)


def _encode(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
