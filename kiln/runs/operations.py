"""Long-running operations of Kiln's own REST API, kept in the store under `operations/`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from kiln.errors import Conflict, PreconditionFailed, ResourceNotFound
from kiln.ids import TemplateId
from kiln.runs.documents import Documents, documents
from kiln.runs.record import Document


class OperationKind(StrEnum):
    """The request that a long-running operation of Kiln's own REST API belongs to."""

    PUT = "put"
    PATCH = "patch"
    RUN = "run"
    CANCEL = "cancel"
    DELETE = "delete"
    PUT_TRIGGER = "put trigger"
    DELETE_TRIGGER = "delete trigger"


class OperationRecord(Document):
    """A long-running operation of Kiln's own REST API; its status is derived from the template or run that it names.

    `made` is when the template was created, which tells it from others of its name. `version` is the template's version
    that a PUT or PATCH made.
    """

    id: str
    kind: OperationKind
    template: TemplateId
    location: str
    made: datetime
    run_id: str | None = None
    version: int | None = None
    started: datetime


class Operations:
    """Long-running operations of Kiln's REST API, by id."""

    def __init__(self, store: Documents | None = None) -> None:
        self._store = store or documents()

    def create(self, record: OperationRecord) -> None:
        """Store a new operation. Raises `Conflict` when the id is taken."""
        try:
            self._store.create(f"operations/{record.id}.json", record)
        except PreconditionFailed as error:
            raise Conflict(f"operation {record.id} exists already") from error

    def require(self, operation_id: str) -> OperationRecord:
        """Return the operation. Raises `ResourceNotFound`."""
        stored = self._store.get(f"operations/{operation_id.lower()}.json", OperationRecord)
        if stored is None:
            raise ResourceNotFound(f"There is no operation {operation_id}.", target=operation_id)
        return stored.content
