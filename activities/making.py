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

    A designed failure is a refusal: this try made nothing, and is struck out. Any other fault (a time-out, a lost
    answer, the end of the host) says nothing of what Azure did, so the entry stays, and clean-up looks.
    """
    Ledgers().record(run.template, run.run_id, entry)
    try:
        yield
    except BuildError as error:
        if not (isinstance(error, AzureFailed) and error.unclear):
            Ledgers().strike(run.template, run.run_id, entry)
        raise
