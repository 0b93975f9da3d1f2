"""The SQLite store: instances, histories, inboxes, work items and settings, with one connection behind one lock.

It owns rows and transactions; it must not know what the messages mean. Write-ahead logging with synchronous=NORMAL
keeps every committed transaction when the process is killed; a power cut may lose the newest ones, but never
half of one.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from devkit.host.protocol import Event, RuntimeStatus, from_micros, to_micros
from devkit.host.records import ActivityWork, Instance, Message, Parent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS instances(
    id TEXT PRIMARY KEY, name TEXT NOT NULL, version TEXT, status TEXT NOT NULL, input TEXT, output TEXT,
    custom_status TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL, execution_id TEXT NOT NULL,
    parent_id TEXT, parent_execution TEXT, parent_task INTEGER);
CREATE TABLE IF NOT EXISTS history(
    id TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY(id, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, execution_id TEXT, due INTEGER NOT NULL,
    timer INTEGER, event TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS inbox_by_instance ON inbox(id, due, seq);
CREATE TABLE IF NOT EXISTS activities(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, execution_id TEXT NOT NULL, task_id INTEGER NOT NULL,
    name TEXT NOT NULL, payload TEXT);
CREATE INDEX IF NOT EXISTS activities_by_instance ON activities(id);
CREATE TABLE IF NOT EXISTS settings(name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Store:
    """All rows of one task hub; every method takes the lock, `transaction` makes several calls atomic."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database once no transaction is open."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside atomic and durable; nested uses join the outer transaction."""
        with self._lock:
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    def _run(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        with self._lock:
            return self._db.execute(statement, values)

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()

    # Settings of the host itself: timers' states, its keys

    def setting(self, name: str) -> str | None:
        """Return the value under a name, or None."""
        rows = self._rows("SELECT value FROM settings WHERE name = ?", (name,))
        return None if not rows else str(rows[0][0])

    def put_setting(self, name: str, value: str) -> None:
        """Keep a value under a name, in place of what was there."""
        self._run("INSERT OR REPLACE INTO settings VALUES(?,?)", (name, value))

    # Instances

    def instance(self, instance_id: str) -> Instance | None:
        """Return the instance, or None."""
        rows = self._rows("SELECT * FROM instances WHERE id = ?", (instance_id,))
        return _instance(rows[0]) if rows else None

    def instances(
        self,
        statuses: Iterable[RuntimeStatus] = (),
        prefix: str = "",
        created_from: datetime | None = None,
        created_to: datetime | None = None,
    ) -> list[Instance]:
        """Return the instances that match every given filter, oldest first."""
        wanted = set(statuses)
        found = [_instance(row) for row in self._rows("SELECT * FROM instances ORDER BY created, id")]
        return [
            item
            for item in found
            if (not wanted or item.runtime_status in wanted)
            and item.instance_id.startswith(prefix)
            and (created_from is None or item.created >= created_from)
            and (created_to is None or item.created <= created_to)
        ]

    def put_instance(self, item: Instance) -> None:
        """Insert or replace the instance."""
        self._run(
            "INSERT OR REPLACE INTO instances VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                item.instance_id,
                item.name,
                item.version,
                item.runtime_status.value,
                item.input,
                item.output,
                item.custom_status,
                to_micros(item.created),
                to_micros(item.updated),
                item.execution_id,
                *(item.parent or (None, None, None)),
            ),
        )

    def delete_instance(self, instance_id: str) -> None:
        """Delete the instance with its history, inbox and queued activities."""
        with self.transaction():
            for table in ("instances", "history", "inbox", "activities"):
                self._run(f"DELETE FROM {table} WHERE id = ?", (instance_id,))  # noqa: S608  # fixed table names

    # Histories

    def history(self, instance_id: str) -> list[Event]:
        """Return the recorded events of the current generation, in order."""
        rows = self._rows("SELECT event FROM history WHERE id = ? ORDER BY seq", (instance_id,))
        return [json.loads(text) for (text,) in rows]

    def append_history(self, instance_id: str, first_seq: int, events: Iterable[Event]) -> None:
        """Append events; `first_seq` is the number of events recorded so far."""
        rows = [(instance_id, first_seq + n, json.dumps(item)) for n, item in enumerate(events)]
        with self._lock:
            self._db.executemany("INSERT INTO history VALUES(?,?,?)", rows)

    def delete_history(self, instance_id: str) -> None:
        """Forget the recorded events."""
        self._run("DELETE FROM history WHERE id = ?", (instance_id,))

    # Inboxes

    def push(
        self, instance_id: str, execution_id: str | None, due: int, message: Event, timer: int | None = None
    ) -> None:
        """Add a message, due at `due` microseconds since 1970, for one generation (None: for any)."""
        self._run(
            "INSERT INTO inbox(id, execution_id, due, timer, event) VALUES(?,?,?,?,?)",
            (instance_id, execution_id, due, timer, json.dumps(message)),
        )

    def inbox(self, instance_id: str, now: int) -> list[Message]:
        """Return the messages due by `now` (microseconds since 1970), in order."""
        rows = self._rows(
            "SELECT seq, event FROM inbox WHERE id = ? AND due <= ? ORDER BY due, seq", (instance_id, now)
        )
        return [Message(seq, json.loads(text)) for seq, text in rows]

    def due_times(self) -> list[tuple[int, str]]:
        """Return (due time, instance id) of every message, earliest first."""
        return [(due, instance_id) for due, instance_id in self._rows("SELECT due, id FROM inbox ORDER BY due, seq")]

    def take(self, messages: Iterable[Message]) -> None:
        """Remove messages that an episode has consumed."""
        with self._lock:
            self._db.executemany("DELETE FROM inbox WHERE seq = ?", [(item.seq,) for item in messages])

    def drop_timers(self, instance_id: str, execution_id: str, timers: Iterable[int]) -> None:
        """Remove the wake-ups of cancelled timers."""
        rows = [(instance_id, execution_id, timer) for timer in timers]
        with self._lock:
            self._db.executemany("DELETE FROM inbox WHERE id = ? AND execution_id = ? AND timer = ?", rows)

    def clear_inbox(self, instance_id: str, *, keep_for_next_generation: bool = False) -> None:
        """Empty the inbox; what is addressed to no generation in particular can be kept."""
        condition = " AND execution_id IS NOT NULL" if keep_for_next_generation else ""
        self._run(f"DELETE FROM inbox WHERE id = ?{condition}", (instance_id,))  # noqa: S608  # fixed text

    # Activities

    def add_activity(self, instance_id: str, execution_id: str, task_id: int, name: str, payload: str | None) -> int:
        """Queue an activity and return its sequence number."""
        cursor = self._run(
            "INSERT INTO activities(id, execution_id, task_id, name, payload) VALUES(?,?,?,?,?)",
            (instance_id, execution_id, task_id, name, payload),
        )
        if cursor.lastrowid is None:
            raise sqlite3.DatabaseError("an inserted activity has no row id")
        return cursor.lastrowid

    def activities(self) -> list[ActivityWork]:
        """Return every queued activity, oldest first."""
        rows = self._rows("SELECT seq, id, execution_id, task_id, name, payload FROM activities ORDER BY seq")
        return [ActivityWork(*row) for row in rows]

    def remove_activity(self, seq: int) -> bool:
        """Remove a queued activity; False if it is no longer there."""
        return self._run("DELETE FROM activities WHERE seq = ?", (seq,)).rowcount == 1


def _instance(row: tuple[Any, ...]) -> Instance:
    identity, name, version, status, given, output, custom_status, created, updated, execution, *parent = row
    return Instance(
        instance_id=identity,
        name=name,
        version=version,
        runtime_status=RuntimeStatus(status),
        input=given,
        output=output,
        custom_status=custom_status,
        created=from_micros(created),
        updated=from_micros(updated),
        execution_id=execution,
        parent=None if parent[0] is None else Parent(*parent),
    )
