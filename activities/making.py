"""The ledger around a call that makes something: entered before the call, struck out if Azure refuses it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kiln.errors import AzureFailed, BuildError
from kiln.runs.ledgers import Ledgers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.ids import RunRef
    from kiln.runs.ledger import LedgerEntry


@contextlib.contextmanager
def making(run: RunRef, entry: LedgerEntry) -> Iterator[None]:
    """Record `entry` in the run's ledger, and let the body make it by one call. Raises `RunCanceled` during clean-up.

    A `BuildError` means that Azure refused the call: nothing was made, and the try is struck out. After any other fault
    (a time-out, a lost answer, the end of the host) nobody knows what Azure did, so the entry stays for clean-up.
    """
    Ledgers().record(run.template, run.run_id, entry)
    try:
        yield
    except BuildError as error:
        if not (isinstance(error, AzureFailed) and error.unclear):
            Ledgers().strike(run.template, run.run_id, entry)
        raise
