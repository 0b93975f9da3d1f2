from __future__ import annotations

from kiln.runs.ledger import Ledger, LedgerEntry, record_try, strike_try

VM = LedgerEntry(kind="vm", id="/vm", tier=1)
AGAIN = LedgerEntry(kind="vm", id="/VM", tier=1)
DISK = LedgerEntry(kind="disk", id="/vm", tier=2)
EMPTY = Ledger(run_id="run")


def test_what_is_refused_is_struck_out_and_nothing_else() -> None:
    ledger = record_try(EMPTY, [VM, DISK])

    assert strike_try(ledger, [AGAIN]).entries == (DISK,)


def test_what_another_try_may_have_made_stays_until_that_is_refused_too() -> None:
    twice = record_try(record_try(EMPTY, [VM]), [AGAIN])

    once = strike_try(twice, [VM])
    assert [(entry.id, entry.tries) for entry in once.entries] == [("/vm", 1)]
    assert strike_try(once, [VM]).entries == ()
