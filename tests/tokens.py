"""Tokens for Kiln's API from the local Azure, as its callers would have them from Entra ID."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx

from devkit.local.environment import AUDIENCE

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure


def token(azure: InProcessAzure, roles: tuple[str, ...] = ("Kiln.Admin",), **claims: Any) -> str:
    """Return a token with these app roles, made once for the same `claims`.

    These are what `POST /_local/tokens` takes: audience, type ("user", "application"), name, oid, clientId, tenant,
    version ("1.0", "2.0"), groups, lifetime (seconds, may be negative), and `claims` to replace or (None) leave out.
    """
    return _minted(azure.http_url, json.dumps({"audience": AUDIENCE, "roles": roles, **claims}))


def bearer(azure: InProcessAzure, roles: tuple[str, ...] = ("Kiln.Admin",), **claims: Any) -> dict[str, str]:
    """Return the header that signs a request in with `token`."""
    return {"Authorization": f"Bearer {token(azure, roles, **claims)}"}


@cache
def _minted(azure: str, body: str) -> str:
    answer = httpx.post(f"{azure}/_local/tokens", content=body, trust_env=False).raise_for_status()
    return str(answer.json()["token"])
