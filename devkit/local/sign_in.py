"""Signing in to a local Kiln: whoever runs it on this machine is its Admin.

It owns whom the tokens are for; it must not know how they are made. The local Azure gives them out, as Entra ID would.
"""

from __future__ import annotations

import getpass
import ssl
from functools import partial
from typing import TYPE_CHECKING

import httpx

from devkit.local import trust
from devkit.local.environment import AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

ADMIN = "Kiln.Admin"
_PATIENCE = 10.0  # seconds; everything is on this machine


def token_source(origin: str) -> Callable[[], str] | None:
    """Return the source of tokens for an API that a local Kiln of this user serves at `origin`; None for all others."""
    note = trust.note_of(origin)
    return partial(mint, note.azure, note.ca) if note is not None and note.azure is not None else None


def mint(azure: str, ca: str, roles: tuple[str, ...] = (ADMIN,)) -> str:
    """Let the local Azure at `azure` make a token with app roles for this user. Raises httpx.HTTPError."""
    asked = {"audience": AUDIENCE, "name": getpass.getuser(), "roles": roles}
    with httpx.Client(verify=ssl.create_default_context(cafile=ca), trust_env=False, timeout=_PATIENCE) as client:
        made = client.post(f"{azure}/_local/tokens", json=asked).raise_for_status().json()
    return str(made["token"])
