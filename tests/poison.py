"""Documents that exist and cannot be read, for as long as a test wants them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kiln.runs.documents import documents
from kiln.runs.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD = "a-word-that-nobody-is-to-be-told"


@contextmanager
def poisoned(*paths: str) -> Iterator[None]:
    """Put documents of another kind at these paths for the block."""
    store = documents()
    for path in paths:
        store.create(path, Ledger(run_id=WORD))
    try:
        yield
    finally:
        for path in paths:
            store.delete(path)
