"""The store of the local Azure: resources and other records, in memory and written through to SQLite.

It owns durability and case-insensitive look-up; it must not know what any resource means.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from devkit.azure import ids
from devkit.azure.errors import resource_not_found

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Resource:
    """One ARM resource: `doc` is what a GET shows (without id, name, type), `private` is never shown."""

    id: str
    type: str
    doc: dict[str, Any]
    private: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key that the resource is found by."""
        return ids.key(self.id)

    @property
    def name(self) -> str:
        """The last segment of the id."""
        return self.id.rsplit("/", 1)[-1]

    @property
    def properties(self) -> dict[str, Any]:
        """The document's `properties`, for reading and writing."""
        found: dict[str, Any] = self.doc.setdefault("properties", {})
        return found

    def show(self) -> dict[str, Any]:
        """Build the answer to a GET: a copy, so that nobody changes the state by changing an answer."""
        shown: dict[str, Any] = json.loads(json.dumps(self.doc))
        return {"id": self.id, "name": self.name, "type": self.type, **shown}


class Store:
    """Records by kind and key; every `save` is on disk when it returns, safe against the end of this process."""

    def __init__(self, database: str | Path) -> None:
        self._db = sqlite3.connect(database, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS records (kind TEXT, key TEXT, body TEXT, PRIMARY KEY (kind, key))")
        self._resources = {key: Resource(**body) for key, body in self.records("resource")}

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def records(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """List the records of a kind, oldest first."""
        rows = self._db.execute("SELECT key, body FROM records WHERE kind = ? ORDER BY rowid", (kind,)).fetchall()
        return ((key, json.loads(body)) for key, body in rows)

    def record(self, kind: str, key: str, body: dict[str, Any]) -> None:
        """Write a record, replacing the one of the same kind and key."""
        self._db.execute(
            "INSERT INTO records VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            (kind, key, json.dumps(body)),
        )

    def forget(self, kind: str, key: str) -> None:
        """Delete a record, if there is one."""
        self._db.execute("DELETE FROM records WHERE kind = ? AND key = ?", (kind, key))

    def find(self, resource_id: str) -> Resource | None:
        """Find a resource by id, in whatever case."""
        return self._resources.get(ids.key(resource_id))

    def get(self, resource_id: str) -> Resource:
        """Return a resource. Raises ArmError (404, ResourceNotFound)."""
        found = self.find(resource_id)
        if found is None:
            raise resource_not_found(resource_id)
        return found

    def save(self, resource: Resource) -> None:
        """Create a resource or write its changes."""
        self._resources[resource.key] = resource
        body = {"id": resource.id, "type": resource.type, "doc": resource.doc, "private": resource.private}
        self.record("resource", resource.key, body)

    def delete(self, resource: Resource) -> None:
        """Delete a resource, if it is still there."""
        self._resources.pop(resource.key, None)
        self.forget("resource", resource.key)

    def list(self, *, kind: str | None = None, within: str = "") -> list[Resource]:
        """List the resources of a type (all: None) whose id lies below `within`, oldest first."""
        wanted, prefix = (kind or "").lower(), ids.key(within) + "/"
        return [
            resource
            for key, resource in self._resources.items()
            if (not wanted or resource.type.lower() == wanted) and (not within or key.startswith(prefix))
        ]
