"""The issuer of the local Azure's tokens: one RSA key, made when it is first needed and kept with all other state.

It owns the key and the two names that Entra ID issues tokens under; it must not know whom a token is for.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from devkit.azure.store import Store

_RECORD, _NAME = "token-signing-key", "current"
_BITS = 2048


@dataclass
class Issuer:
    """Signs tokens with the key in `store`. `origin` is the base URL that version 2.0 names as the issuer's place."""

    store: Store
    origin: str = ""
    _key: rsa.RSAPrivateKey | None = field(default=None, init=False)

    def name(self, tenant: str, version: str) -> str:
        """Return the `iss` of a tenant's tokens ("Access token claims reference"): v1.0 names no place of its own."""
        return f"{self.origin}/{tenant}/v2.0" if version == "2.0" else f"https://sts.windows.net/{tenant}/"

    def sign(self, claims: dict[str, Any]) -> str:
        """Return the claims as a JSON Web Token, signed with RS256, with the key's id in its header."""
        return jwt.encode(claims, self._private(), algorithm="RS256", headers={"kid": self._id()})

    def keys(self) -> dict[str, Any]:
        """Return the JSON Web Key Set (RFC 7517) with which anybody can check a token."""
        public: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(self._private().public_key(), as_dict=True)
        return {"keys": [{"kty": "RSA", "use": "sig", "kid": self._id(), "n": public["n"], "e": public["e"]}]}

    def _id(self) -> str:
        public = self._private().public_key()
        der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return base64.urlsafe_b64encode(hashlib.sha256(der).digest()[:20]).decode().rstrip("=")

    def _private(self) -> rsa.RSAPrivateKey:
        if self._key is None:
            self._key = self._load() or self._make()
        return self._key

    def _load(self) -> rsa.RSAPrivateKey | None:
        for _, body in self.store.records(_RECORD):
            found = serialization.load_pem_private_key(body["pem"].encode(), password=None)
            if isinstance(found, rsa.RSAPrivateKey):
                return found
        return None

    def _make(self) -> rsa.RSAPrivateKey:
        made = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.store.record(_RECORD, _NAME, {"pem": pem.decode()})
        return made
