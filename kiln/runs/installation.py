"""Which installation of Kiln this is: an id as old as its store, by which it tells what it made from what another did.

With it are the subscriptions that it ever built in, so that what it left in one is found when no template is there.
"""

from __future__ import annotations

import secrets

from kiln.runs.documents import Documents, documents
from kiln.runs.record import Document

PATH = "installation.json"


class Installation(Document):
    """The id, 16 random hex digits, and the subscriptions."""

    id: str
    subscriptions: tuple[str, ...] = ()


def installation(store: Documents | None = None) -> Installation:
    """Return what this Kiln is, made when it is first asked for."""
    return _changed(store or documents(), frozenset())


def installation_in(subscription: str, store: Documents | None = None) -> str:
    """Return this Kiln's id, and remember that it builds in the subscription."""
    return _changed(store or documents(), frozenset({subscription.lower()})).id


def _changed(store: Documents, more: frozenset[str]) -> Installation:
    def with_more(known: Installation) -> Installation:
        return known.model_copy(update={"subscriptions": tuple(sorted({*known.subscriptions, *more}))})

    return store.put(PATH, Installation(id=secrets.token_hex(8), subscriptions=tuple(sorted(more))), with_more).content
