"""The documents of templates' earlier versions, kept in the store under `versions/`.

It owns their paths and writes. The present version is in the template's own document, and is kept here when a newer one
replaces it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import ResourceNotFound
from kiln.runs.documents import Documents, documents
from kiln.runs.reading import keep_latest
from kiln.runs.record import ProvisioningState, TemplateRecord, TemplateVersion

if TYPE_CHECKING:
    from kiln.ids import TemplateId


class Versions:
    """Versions of templates, by template and number."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    @staticmethod
    def path(template: TemplateId, version: int) -> str:
        """Return the path of a version's document; paths sort by number."""
        return f"versions/{template.key}/{version:08}.json"

    def keep(self, record: TemplateRecord) -> TemplateVersion:
        """Keep the template's present version, which is about to be replaced; it may be kept already.

        A kept result of its submission stays: a slower writer, who read the template before the submission ended, does
        not overwrite it.
        """
        version = present(record)

        def merge(kept: TemplateVersion) -> TemplateVersion:
            known = kept.since == version.since and kept.settled_at is not None
            return kept if known else version

        return keep_latest(self._store, self.path(record.id, record.version), version, merge)

    def get(self, record: TemplateRecord, version: int) -> TemplateVersion | None:
        """Return a version of the template, present or earlier, or None when the template never had it."""
        if version == record.version:
            return present(record)
        stored = self._store.get(self.path(record.id, version), TemplateVersion)
        if stored is None or version > record.version or stored.content.since < record.created:
            return None  # an earlier template of the name left that one behind
        return stored.content

    def require(self, record: TemplateRecord, version: int) -> TemplateVersion:
        """Return a version of the template. Raises `ResourceNotFound`."""
        found = self.get(record, version)
        if found is None:
            message = f"The image template {record.id.arm} has no version {version}."
            raise ResourceNotFound(message, target=str(version))
        return found


def present(record: TemplateRecord) -> TemplateVersion:
    """Return the template's present version."""
    submitted = record.settled >= record.version
    state = record.provisioning_state
    if record.deletion_error is not None:  # a failed deletion of the template says nothing about its version
        state = ProvisioningState.FAILED if record.provisioning_error else ProvisioningState.SUCCEEDED
    return TemplateVersion(
        version=record.version,
        body=record.body,
        since=record.changed,
        state=state,
        error=record.provisioning_error,
        settled_at=record.settled_at if submitted else None,
    )
