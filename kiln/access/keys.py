"""The public keys with which the authority signs tokens: fetched when they are needed, and kept in memory.

They are fetched once a day, and when a token names an unknown key, but for such tokens not more than once a minute.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kiln.errors import SignInUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    Fetch = Callable[[str], Any]

CONFIGURATIONS = ("v2.0/.well-known/openid-configuration", ".well-known/openid-configuration")
"""The paths of the configurations for tokens of version 2.0 and 1.0; the authority signs both, under two issuers
("Access tokens in the Microsoft identity platform")."""
LIFETIME = 24 * 3600.0
"""How long keys are used before they are fetched anew, in seconds ("Signing key rollover in the Microsoft identity
platform": daily)."""
PAUSE = 60.0
"""The least time between two fetches because of unknown keys, in seconds: anybody can make up such keys."""
FIRST_PAUSE = 5.0
"""The least time after a failed fetch, in seconds, as long as there are no keys at all."""
TIMEOUT = 5.0

log = logging.getLogger("kiln.access")


@dataclass(frozen=True)
class Published:
    """The issuers of one authority, each with its keys by id."""

    keys: Mapping[str, Mapping[str, RSAPublicKey]]

    @property
    def issuers(self) -> frozenset[str]:
        """The names of the issuers."""
        return frozenset(self.keys)

    def key(self, key_id: str) -> RSAPublicKey | None:
        """Return the key with that id, of any issuer."""
        return next((keys[key_id] for keys in self.keys.values() if key_id in keys), None)


class Keys:
    """The keys of `authority` (`https://login.microsoftonline.com/<tenant id>`), shared by threads and event loops.

    `fetch` returns the JSON at a URL.
    """

    def __init__(self, authority: str, fetch: Fetch | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._authority = authority
        self._fetch = fetch or fetch_json
        self._clock = clock
        self._published: Published | None = None
        self._good_until = self._again_at = float("-inf")
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="signing keys")
        self._going: Future[None] | None = None

    async def published(self, key_id: str | None = None) -> Published:
        """Return the published keys, with `key_id` among them if there is such a key. Raises `SignInUnavailable`."""
        known = self._published
        if known is None or self._clock() >= self._good_until or (key_id is not None and known.key(key_id) is None):
            await self._refresh()
        if self._published is None:
            raise SignInUnavailable(
                "Nobody can sign in now: the keys that check access tokens cannot be fetched.",
                hint="Try again in a few seconds; the app's log has the cause.",
            )
        return self._published

    async def _refresh(self) -> None:
        """Fetch the keys unless that was done just now; callers during a fetch wait for that one."""
        with self._lock:
            if self._going is None or self._going.done():
                if self._clock() < self._again_at:
                    return
                self._going = self._worker.submit(self._load)
            going = self._going
        await asyncio.shield(asyncio.wrap_future(going))

    def _load(self) -> None:
        """Fetch the keys. If that fails, the keys from before stay, and the log has the cause."""
        try:
            published = read_published(self._authority, self._fetch)
        except Exception:
            self._again_at = self._clock() + (PAUSE if self._published else FIRST_PAUSE)
            log.exception("the signing keys of %s cannot be fetched", self._authority)
            return
        self._published = published
        self._good_until, self._again_at = self._clock() + LIFETIME, self._clock() + PAUSE


def read_published(authority: str, fetch: Fetch) -> Published:
    """Return the keys that `authority` publishes. Raises `ValueError` or `KeyError` for documents of another form."""
    tenant = authority.rsplit("/", 1)[-1]
    found: dict[str, dict[str, RSAPublicKey]] = {}
    for name in CONFIGURATIONS:
        configuration = fetch(f"{authority}/{name}")
        issuer, place = str(configuration["issuer"]), str(configuration["jwks_uri"])
        if not place.startswith("https://"):
            raise ValueError(f"the keys of {issuer} are not published over https")
        found[issuer] = _keys(fetch(place), tenant)
    return Published(found)


def _keys(document: Any, tenant: str) -> dict[str, RSAPublicKey]:
    """Return the RSA keys for signatures in a JSON Web Key Set (RFC 7517), by id."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt.algorithms import RSAAlgorithm

    found = {
        entry["kid"]: RSAAlgorithm.from_jwk(entry)
        for entry in document["keys"]
        if entry.get("kty") == "RSA" and entry.get("use") in {None, "sig"} and _is_for(tenant, entry.get("issuer"))
    }
    return {key_id: key for key_id, key in found.items() if isinstance(key, RSAPublicKey)}


def _is_for(tenant: str, issuer: str | None) -> bool:
    """Whether a key may sign for a tenant. Some keys name their issuer ("Validate the signing key issuer").

    `{tenantid}` in an issuer stands for every tenant.
    """
    return issuer is None or f"/{tenant}" in issuer.replace("{tenantid}", tenant).lower()


def fetch_json(url: str) -> Any:
    """Return the JSON at `url`, following no redirect. Raises `httpx.HTTPError` or `ValueError`."""
    import httpx

    answer = httpx.get(url, timeout=TIMEOUT)
    answer.raise_for_status()
    return answer.json()
