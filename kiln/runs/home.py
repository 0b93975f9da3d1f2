"""Which Kiln this is: an id as old as its store, by which it knows what it made from what another Kiln did."""

from __future__ import annotations

import contextlib
import secrets

from kiln.errors import PreconditionFailed
from kiln.runs.documents import Documents, documents
from kiln.runs.record import Document

PATH = "home.json"


class Home(Document):
    """The id: 16 random hex digits."""

    id: str


def home(store: Documents | None = None) -> str:
    """Return this Kiln's id, made when it is first asked for."""
    known = store or documents()
    stored = known.get(PATH, Home)
    if stored is None:
        with contextlib.suppress(PreconditionFailed):  # another process made it first
            known.create(PATH, Home(id=secrets.token_hex(8)))
        stored = known.get(PATH, Home)
    if stored is None:
        raise LookupError(f"{PATH} is gone as soon as it was made")
    return stored.content.id
