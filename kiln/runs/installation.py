"""The document of this installation: an id as old as the store, which tells its resources from another installation's.

It also lists every subscription that the installation ever built in, so that the sweeper finds leftovers in one that no
template uses any more.
"""

from __future__ import annotations

import secrets

from kiln.runs.documents import Documents, documents
from kiln.runs.record import Document

PATH = "installation.json"


class Installation(Document):
    """The installation's id, 16 random hex digits, and the subscriptions that it built in."""

    id: str
    subscriptions: tuple[str, ...] = ()


def installation(store: Documents | None = None) -> Installation:
    """Return this installation's document; the first call writes it."""
    return _changed(store or documents(), frozenset())


def installation_in(subscription: str, store: Documents | None = None) -> str:
    """Return this installation's id, and note that it builds in the subscription."""
    return _changed(store or documents(), frozenset({subscription.lower()})).id


def _changed(store: Documents, more: frozenset[str]) -> Installation:
    def with_more(known: Installation) -> Installation:
        return known.model_copy(update={"subscriptions": tuple(sorted({*known.subscriptions, *more}))})

    return store.put(PATH, Installation(id=secrets.token_hex(8), subscriptions=tuple(sorted(more))), with_more).content
