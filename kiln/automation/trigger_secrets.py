"""The secrets of Webhook triggers, kept apart from the triggers, so that no answer and no list can show one.

They are read where a signature is checked, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.runs.documents import Documents, documents
from kiln.runs.reading import keep_latest
from kiln.runs.record import Document
from kiln.secret import KeptSecret, Secret

if TYPE_CHECKING:
    from kiln.ids import TemplateId


class StoredSecret(Document):
    """A secret as it is stored: the storage account encrypts it, and only the app's identity can read it."""

    secret: KeptSecret


class TriggerSecrets:
    """Secrets, by template and trigger."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId, trigger: str) -> str:
        """Return the path of a trigger's secret."""
        return f"secrets/{template.key}/{trigger.lower()}.json"

    def put(self, template: TemplateId, trigger: str, secret: Secret) -> None:
        """Store a secret, new or in place of the one before."""
        stored = StoredSecret(secret=secret)
        keep_latest(self._store, self.path(template, trigger), stored)

    def get(self, template: TemplateId, trigger: str) -> Secret | None:
        """Return the secret, or None."""
        stored = self._store.get(self.path(template, trigger), StoredSecret)
        return stored.content.secret if stored else None

    def delete(self, template: TemplateId, trigger: str) -> None:
        """Remove the secret; it may be gone already."""
        self._store.delete(self.path(template, trigger))
