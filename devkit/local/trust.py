"""The certificate authorities of the local Kilns that run on this machine, so that `kiln` trusts them in any terminal.

Each `kiln local up` leaves a note of each of its servers while it runs, which only this user can write. A note speaks
for loopback origins alone, and only for the very port that its own server listens on.
"""

from __future__ import annotations

import contextlib
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from devkit.atomic import write_atomically
from devkit.local.endpoints import port_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.endpoints import Endpoints

_LOOPBACK = {"127.0.0.1", "localhost"}


@dataclass(frozen=True)
class Note:
    """A file with the server's certificate authority and, for Kiln's API and the local Azure, who gives out tokens."""

    ca: str
    azure: str | None = None


@contextmanager
def announced(endpoints: Endpoints) -> Iterator[None]:
    """Let this user's other processes find the authority of these servers, for as long as the block runs."""
    notes = {
        endpoints.host: Note(endpoints.ca, endpoints.azure),
        endpoints.azure: Note(endpoints.ca, endpoints.azure),
        endpoints.blob: Note(endpoints.ca),
    }
    files = {_file(port_of(url)): note for url, note in notes.items()}
    for file, note in files.items():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(file, json.dumps(asdict(note)).encode(), mode=0o600)
    try:
        yield
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def note_of(origin: str) -> Note | None:
    """Return the note of a server that a local Kiln of this user serves at an https origin; None for all others."""
    parts = urlsplit(origin)
    if parts.scheme != "https" or parts.hostname not in _LOOPBACK or parts.port is None:
        return None
    with contextlib.suppress(FileNotFoundError):
        note = Note(**json.loads(_file(parts.port).read_text()))
        return note if Path(note.ca).exists() else None
    return None


def authority_of(origin: str) -> str | None:
    """Return the authority's PEM file for an origin that a local Kiln of this user serves; None for all others."""
    note = note_of(origin)
    return None if note is None else note.ca


def _file(port: int) -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "kiln" / "local" / f"{port}.json"
