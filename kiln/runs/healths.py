"""The latest examination, kept in the store."""

from __future__ import annotations

from kiln.doctor.findings import Health
from kiln.runs.documents import Documents, documents

PATH = "health/latest.json"


class Healths:
    """The latest examination."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    def latest(self) -> Health | None:
        """Return what the latest examination came to, or None before the first."""
        stored = self._store.get(PATH, Health)
        return stored.content if stored else None

    def keep(self, health: Health) -> None:
        """Keep an examination in the place of an older one."""
        self._store.put(PATH, health, lambda known: health if health.at >= known.at else known)
