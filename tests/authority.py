"""An authority that signs tokens, in this process: keys in memory and the documents that publish them. No network."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from kiln.access.gate import Gate
from kiln.access.keys import Keys
from kiln.access.settings import Settings
from kiln.config import read

TENANT = "11111111-1111-1111-1111-111111111111"
ADDRESS = f"https://login.example/{TENANT}"
V1, V2 = f"https://sts.example/{TENANT}/", f"{ADDRESS}/v2.0"
AUDIENCE = "api://kiln"
ME = "aaaaaaaa-0000-0000-0000-000000000001"
CLIENT = "bbbbbbbb-0000-0000-0000-000000000001"


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:  # noqa: ARG001 - the name tells keys apart
    """Return a key, made once in a test run: that takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def access_settings(**settings: str) -> Settings:
    """Return the access settings of an app with these settings, and the least that an app needs besides."""
    return Settings.of(read({"KILN_STATE_ENDPOINT": "https://state.blob.core.windows.net", **settings}))


@dataclass
class Authority:
    """Publishes `key_ids` and signs with the last of them. `asked` are the URLs that were fetched."""

    key_ids: list[str] = field(default_factory=lambda: ["one"])
    extra: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_up: bool = True

    def fetch(self, url: str) -> Any:
        """Return the document that is published at a URL of the authority."""
        self.asked.append(url)
        if not self.is_up:
            raise OSError("the network is down")
        return self._documents()[url]

    def _documents(self) -> dict[str, Any]:
        keys = {"keys": [self.jwk(key_id) for key_id in self.key_ids]}
        return {
            f"{ADDRESS}/v2.0/.well-known/openid-configuration": {"issuer": V2, "jwks_uri": f"{ADDRESS}/keys2"},
            f"{ADDRESS}/.well-known/openid-configuration": {"issuer": V1, "jwks_uri": f"{ADDRESS}/keys1"},
            f"{ADDRESS}/keys2": keys,
            f"{ADDRESS}/keys1": keys,
        }

    def jwk(self, key_id: str) -> dict[str, Any]:
        """Return a public key as a JSON Web Key."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key(key_id).public_key()))
        return {"kty": "RSA", "use": "sig", "kid": key_id, "n": public["n"], "e": public["e"], **self.extra}

    def token(self, *roles: str, key_id: str | None = None, **claims: Any) -> str:
        """Return a good token with these app roles, but for `claims` (None: left out)."""
        signer = key_id or self.key_ids[-1]
        said = {name: value for name, value in {**good_claims(*roles), **claims}.items() if value is not None}
        return jwt.encode(said, private_key(signer), "RS256", headers={"kid": signer})

    def gate(self, **settings: str) -> Gate:
        """Return a gate that trusts this authority; `settings` such as `KILN_GRANTS`."""
        return Gate(
            access_settings(**{"KILN_AUTH_AUTHORITY": ADDRESS, "KILN_AUTH_AUDIENCES": AUDIENCE, **settings}),
            Keys(ADDRESS, self.fetch),
        )


def good_claims(*roles: str) -> dict[str, Any]:
    """Return the claims of a good token of version 1.0."""
    now = int(time.time())
    return {
        "aud": AUDIENCE,
        "iss": V1,
        "tid": TENANT,
        "oid": ME,
        "appid": CLIENT,
        "unique_name": "me@example.com",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        **({"roles": list(roles)} if roles else {}),
    }
