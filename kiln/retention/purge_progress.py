"""How far histories of orchestrations were purged, kept in the store: where the next look goes on."""

from __future__ import annotations

from datetime import datetime, timedelta

from kiln.runs.documents import Documents, documents
from kiln.runs.reading import keep_latest, read_latest
from kiln.runs.record import Document

PATH = "purges/histories.json"


class PurgeProgress(Document):
    """The next window of creation times: from `until` on, where those before were purged, `width` long."""

    until: datetime
    width: timedelta


class LatestPurge:
    """How far it is."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    def latest(self) -> PurgeProgress | None:
        """Return how far it is, or None before the first look."""
        return read_latest(self._store, PATH, PurgeProgress)

    def keep(self, purged: PurgeProgress) -> None:
        """Remember how far it is; of two who look at once, who is further counts."""
        keep_latest(self._store, PATH, purged, lambda known: purged if purged.until >= known.until else known)
