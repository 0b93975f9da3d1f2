"""The log of requests: what was asked, how it was answered and how long that took.

It owns the list; it must not know bodies, headers or query values, which may carry secrets.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from devkit.azure import clock


@dataclass
class Entry:
    """One request; `status` is None until it is answered, and for a connection dropped on purpose."""

    method: str
    path: str
    api_version: str | None
    started: str
    status: int | None = None
    milliseconds: float | None = None


class RequestLog:
    """All requests since the start, or since the log was cleared."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def begin(self, method: str, path: str, api_version: str | None) -> Entry:
        """Enter a request when it arrives."""
        entry = Entry(method, path, api_version, clock.iso(clock.now()))
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def show(self) -> dict[str, Any]:
        """Build the listing: the number of requests, and each of them."""
        return {"count": len(self._entries), "requests": [asdict(entry) for entry in self._entries]}
