"""Documents in the store that no template stands behind, left by work that came too late for its template's end."""

from __future__ import annotations

from kiln.events import publisher
from kiln.runs.documents import Documents, documents
from kiln.runs.store import Templates

KINDS = ("runs", "ledgers", "versions", "triggers", "secrets", "firings", "rebuilds", "listeners", "outbox")
"""Folders of what belongs to a template. What runs still owe outlives it."""
_KEY_PARTS = 3


def remove_orphans(store: Documents | None = None) -> int:
    """Remove what no template stands behind; return how many documents.

    The documents are listed before the templates, which are there before anything of theirs is. Events that are not
    published yet are left to the timer that publishes them, as long as there is a topic.
    """
    known = store or documents()
    kinds = [kind for kind in KINDS if kind != "outbox" or not publisher.is_on()]
    listed = [(kind, path) for kind in kinds for path in known.paths(f"{kind}/")]
    templates = set(Templates(known).all_keys())
    orphans = [path for kind, path in listed if _key(kind, path) not in templates]
    for path in orphans:
        known.delete(path)
    return len(orphans)


def _key(kind: str, path: str) -> str:
    """Return the key of the template that a document belongs to."""
    skipped = 2 if kind == "listeners" else 1  # those are by event type first
    return "/".join(path.split("/")[skipped : skipped + _KEY_PARTS]).removesuffix(".json" if kind == "rebuilds" else "")
