"""How a ledger's entries change: pure.

Two hosts may try to make the same resource, and a call's answer may be lost, so an entry counts the tries. It stays
until each has been refused for good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kiln.runs.record import Ledger, LedgerEntry


def record_try(ledger: Ledger, made: Iterable[LedgerEntry]) -> Ledger:
    """Return the ledger with one more try to make these."""
    entries = {entry.key: entry for entry in ledger.entries}
    for entry in made:
        known = entries.get(entry.key)
        entries[entry.key] = known.model_copy(update={"tries": known.tries + 1}) if known else entry
    return ledger.model_copy(update={"entries": tuple(entries.values())})


def strike_try(ledger: Ledger, refused: Iterable[LedgerEntry]) -> Ledger:
    """Return the ledger with one try to make these less, and without what no try is left of."""
    keys = {entry.key for entry in refused}
    less = (
        entry.model_copy(update={"tries": entry.tries - 1}) if entry.key in keys else entry for entry in ledger.entries
    )
    return ledger.model_copy(update={"entries": tuple(entry for entry in less if entry.tries > 0)})
