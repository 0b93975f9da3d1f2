"""Orphans are removed side by side: one that hangs or is refused stays, and keeps no other."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

from kiln.events import publisher
from kiln.runs.ledger import Ledger
from kiln.sweep import gone_templates
from tests.faults.memory import MemoryDocuments

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

OLD = [f"runs/s/g/gone/{number:02}.json" for number in range(40)]


class Troubled(MemoryDocuments):
    """Documents of which two cannot be removed, and one folder cannot be listed."""

    def __init__(self) -> None:
        super().__init__(cast("Any", None))
        self.let_go = threading.Event()

    def delete(self, path: str) -> None:
        if path == OLD[0]:
            self.let_go.wait(60)
        if path == OLD[1]:
            raise ConnectionError("no answer")
        super().delete(path)

    def paths(self, prefix: str) -> Iterator[str]:
        if prefix == "ledgers/":
            raise ConnectionError("no list")
        yield from super().paths(prefix)


def test_one_that_hangs_or_fails_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gone_templates, "SECONDS", 0.5)
    monkeypatch.setattr(publisher, "is_on", lambda: True)
    store = Troubled()
    kept = ["templates/s/g/here.json", "runs/s/g/here/01.json", "leftovers/s/g/gone/01.json"]
    for path in (*OLD, *kept, "listeners/0af3/s/g/gone/t.json"):
        store.create(path, Ledger(run_id="x"))

    removed = gone_templates.forget_gone_templates(store)
    store.let_go.set()

    assert removed.documents == len(OLD) - 2 + 1
    assert set(store.paths("")) - {OLD[0]} == {*kept, OLD[1]}
    told = "\n".join(removed.problems)
    assert len(removed.problems) == 3
    assert all(word in told for word in (OLD[0], "longer than 0.5 seconds", OLD[1], "no answer", "ledgers/", "no list"))
