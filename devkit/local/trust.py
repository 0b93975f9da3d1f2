"""The certificate authorities of the local Kilns that run on this machine, so that `kiln` trusts them in any terminal.

Each `kiln local up` leaves a note of its servers while it runs. A note speaks for loopback origins alone, and only for
the very ports that its own servers listen on.
"""

from __future__ import annotations

import contextlib
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from devkit.atomic import write_atomically
from devkit.local.endpoints import port_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.endpoints import Endpoints

_LOOPBACK = {"127.0.0.1", "localhost"}


@contextmanager
def announced(endpoints: Endpoints) -> Iterator[None]:
    """Let this user's other processes find the authority of these servers, for as long as the block runs."""
    notes = [_note(port_of(url)) for url in (endpoints.host, endpoints.azure, endpoints.blob)]
    for note in notes:
        note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(note, json.dumps({"ca": endpoints.ca}).encode(), mode=0o600)
    try:
        yield
    finally:
        for note in notes:
            note.unlink(missing_ok=True)


def authority_of(origin: str) -> str | None:
    """Return the authority's PEM file for an origin that a local Kiln of this user serves; None for all others."""
    parts = urlsplit(origin)
    if parts.hostname not in _LOOPBACK or parts.port is None:
        return None
    with contextlib.suppress(FileNotFoundError):
        file = str(json.loads(_note(parts.port).read_text())["ca"])
        return file if Path(file).exists() else None
    return None


def _note(port: int) -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "kiln" / "local" / f"{port}.json"
