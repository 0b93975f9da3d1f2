"""Clean-up: what is to be deleted, and what could not be."""

from __future__ import annotations

from typing import Literal

from kiln.contracts.base import Activity, Message, Operation, Orchestrator
from kiln.ids import RunRef
from kiln.runs.ledger import LedgerEntry


class Deletions(Message):
    """Deletions that are due, in the order of their tiers, and the ARM ids of what is kept on purpose."""

    entries: tuple[LedgerEntry, ...] = ()
    kept: tuple[str, ...] = ()


class CloseRequest(Message):
    """The run's ledger is to be closed. What belongs to the machines in `keep` stays."""

    run: RunRef
    keep: tuple[Literal["build", "validation"], ...] = ()


class DeleteRequest(Message):
    """One resource to be deleted."""

    entry: LedgerEntry


class CleanedUp(Message):
    """Resources that could not be deleted, each with its reason, and the ARM ids of what is kept on purpose."""

    leftovers: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


CLOSE_LEDGER = Activity("close_ledger", CloseRequest, Deletions)
START_DELETE = Activity("start_delete", DeleteRequest, Operation)
CLEAN_UP = Orchestrator("clean_up", CloseRequest, CleanedUp)
