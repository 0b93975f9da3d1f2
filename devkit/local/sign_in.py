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
from devkit.local.endpoints import port_of
from devkit.local.environment import AUDIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

ADMIN = "Kiln.Admin"
_PATIENCE = 10.0  # seconds; everything is on this machine


def token_source(origin: str) -> Callable[[], str] | None:
    """Return the source of tokens for a server of a local Kiln of this user: its API, or its local Azure; else None."""
    note = trust.note_of(origin)
    if note is None or note.azure is None:
        return None
    if port_of(origin) == port_of(note.azure):
        return partial(mint, note.azure, note.ca, (), note.azure)
    return partial(mint, note.azure, note.ca)


def mint(azure: str, ca: str, roles: tuple[str, ...] = (ADMIN,), audience: str = AUDIENCE) -> str:
    """Let the local Azure at `azure` make a token with app roles for this user. Raises httpx.HTTPError."""
    asked = {"audience": audience, "name": getpass.getuser(), "roles": roles}
    with httpx.Client(verify=ssl.create_default_context(cafile=ca), trust_env=False, timeout=_PATIENCE) as client:
        made = client.post(f"{azure}/_local/tokens", json=asked).raise_for_status().json()
    return str(made["token"])
