"""The findings and facts of the latest examination, kept in the store."""

from __future__ import annotations

from kiln.doctor.findings import Health
from kiln.runs.documents import Documents, documents
from kiln.runs.reading import keep_latest, read_latest

PATH = "health/latest.json"


class LatestHealth:
    """The document of the latest examination."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    def latest(self) -> Health | None:
        """Return the health that the latest examination found, or None before the first."""
        return read_latest(self._store, PATH, Health)

    def keep(self, health: Health) -> None:
        """Keep the health of an examination in place of that of an older one."""
        keep_latest(self._store, PATH, health, lambda known: health if health.at >= known.at else known)
