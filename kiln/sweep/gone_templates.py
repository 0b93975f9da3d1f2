"""Orphans of deleted templates in the store, written by work that ended after its template: found and removed."""

from __future__ import annotations

from dataclasses import dataclass

from kiln.events import publisher
from kiln.parallel import run_each
from kiln.runs.documents import Documents, documents
from kiln.runs.reading import reason
from kiln.runs.templates import Templates

KINDS = ("runs", "ledgers", "versions", "triggers", "secrets", "pending-events", "rebuilds", "listeners", "outbox")
"""Folders of documents that belong to a template. The leftovers of runs (kiln.sweep.leftovers) outlive it."""
SECONDS = 45.0
"""The time for one folder's list, and for one document: longer than the store's client retries (kiln.blobs)."""
_KEY_PARTS = 3


@dataclass(frozen=True)
class Removed:
    """The number of removed documents, and the problems with others, which the next sweep tries again."""

    documents: int = 0
    problems: tuple[str, ...] = ()


def forget_gone_templates(store: Documents | None = None) -> Removed:
    """Remove the documents whose template is gone, in parallel, each within a time limit of its own.

    The documents are listed before the templates: a template's own document is written before all others of it. A
    document that was written since the list belongs to a new template of the name, and stays. Unpublished events are
    left to the timer that publishes them, as long as there is a topic.
    """
    known = store or documents()
    kinds = [kind for kind in KINDS if kind != "outbox" or not publisher.is_on()]
    listed = run_each(kinds, lambda kind: list(known.listed(f"{kind}/")), seconds=SECONDS)
    templates = set(Templates(known).all_keys())
    orphans = [
        (path, etag)
        for attempt in listed
        for path, etag in attempt.result or ()
        if _key(attempt.item, path) not in templates
    ]
    removed = run_each(orphans, lambda orphan: known.delete_unchanged(*orphan), seconds=SECONDS)
    unlisted = [
        f"{attempt.item}/ was not listed: {reason(attempt.fault)}" for attempt in listed if attempt.fault is not None
    ]
    left = [
        f"{attempt.item[0]}, whose template is gone, was not removed: {reason(attempt.fault)}"
        for attempt in removed
        if attempt.fault is not None
    ]
    return Removed(len(removed) - len(left), (*unlisted, *left))


def _key(kind: str, path: str) -> str:
    """Return the key of the template that a document belongs to."""
    skipped = 2 if kind == "listeners" else 1  # the paths of listeners begin with the event type
    return "/".join(path.split("/")[skipped : skipped + _KEY_PARTS]).removesuffix(".json" if kind == "rebuilds" else "")
