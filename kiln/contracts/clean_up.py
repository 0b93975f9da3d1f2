"""Contracts of clean-up: close a run's ledger, and delete what it names."""

from __future__ import annotations

from typing import Literal

from kiln.contracts.base import Activity, Message, Operation, Orchestrator
from kiln.ids import RunRef
from kiln.runs.ledger import LedgerEntry


class Deletions(Message):
    """The deletions that are due, in the order of their tiers, and the ARM ids of what is kept on purpose."""

    entries: tuple[LedgerEntry, ...] = ()
    kept: tuple[str, ...] = ()


class CloseRequest(Message):
    """Close a run's ledger. Resources of the machines in `keep` are kept."""

    run: RunRef
    keep: tuple[Literal["build", "validation"], ...] = ()


class DeleteRequest(Message):
    """Delete one resource."""

    entry: LedgerEntry


class CleanedUp(Message):
    """The result of clean-up: what could not be deleted, with reasons, and the ARM ids of what is kept on purpose."""

    leftovers: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


CLOSE_LEDGER = Activity("close_ledger", CloseRequest, Deletions)
START_DELETE = Activity("start_delete", DeleteRequest, Operation)
CLEAN_UP = Orchestrator("clean_up", CloseRequest, CleanedUp)
