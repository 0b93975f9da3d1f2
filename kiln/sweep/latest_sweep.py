"""The report of the latest sweep, kept in the store: what the next one goes on from, and what people ask for."""

from __future__ import annotations

from kiln.runs.documents import Documents, documents
from kiln.runs.reading import keep_latest, read_latest
from kiln.sweep.models import SweepReport

PATH = "sweeps/latest.json"


class LatestSweep:
    """The latest report."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    def latest(self) -> SweepReport | None:
        """Return the report of the latest sweep, or None before the first."""
        return read_latest(self._store, PATH, SweepReport)

    def keep(self, report: SweepReport) -> None:
        """Keep a report in the place of the one before."""
        keep_latest(self._store, PATH, report)
