"""The wire: every request that Kiln sends, by the activity that sends it, at which the host may die.

It owns the count of requests and the deaths at them; it must not know what a request is about.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import pytest
from azure.core.pipeline.transport import HttpTransport, RequestsTransport

from devkit.host.testing import HostDied
from tests.faults.direct import direct

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

Service = Literal["ARM", "blob", "Event Grid"]
When = Literal["before", "after"]
READS = {"GET", "HEAD"}


@dataclass(frozen=True)
class Sent:
    """One request of one activity."""

    service: Service
    method: str
    path: str

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing, so that a death after it is the same as one before the next."""
        return self.method in READS


@dataclass(frozen=True)
class Point:
    """A point at which the host dies: before or after the nth request of the nth activity, both counted from 1."""

    activity: int
    request: int
    when: When


@dataclass
class Wire:
    """The requests that were sent, in the order of the activities, and the points at which the host dies."""

    blob_port: int
    points: Collection[Point] = ()
    sent: list[list[Sent]] = field(default_factory=list)
    died: list[Point] = field(default_factory=list)
    _dead: bool = False
    _inside: bool = False
    """Whether an activity is running; requests of the test itself do not count."""
    _open: dict[str, int] = field(default_factory=dict)
    """The activities that have begun and not ended, and the number of each."""
    _at: int = 0
    _current: list[Sent] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def around(self, name: str, activity: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the activity with its requests counted. It never ends in a host that died under it."""

        def counted(payload: Any) -> Any:
            key = _key(name, payload)
            self._begin(key)
            try:
                answer = activity(payload)
            finally:
                self._inside = False
            if self._dead:  # a thread of it saw that, and it sent no more requests
                raise HostDied
            self._open.pop(key, None)  # the first of two at once has done so
            return answer

        return counted

    def is_deadly(self, name: str, payload: Any) -> bool:
        """Whether the host is to die, or has died, in this activity, if it is the next one."""
        number = self._open.get(_key(name, payload), len(self.sent) + 1)
        return any(point.activity == number for point in self.points)

    @contextmanager
    def patched(self, pause: Callable[[], None]) -> Iterator[None]:
        """See all that azure-core sends. `pause` stands in for its own pauses, as the clock is not the machine's."""
        send, hook = RequestsTransport.send, threading.excepthook

        def seen(transport: RequestsTransport, request: Any, **options: Any) -> Any:
            sent = self._sent(request)
            if sent is None:
                return send(transport, request, **options)
            at = self._reach(sent)
            self._die_at(at, "before")
            answer = send(transport, request, **options)
            self._die_at(at, "after")
            return answer

        def quiet(arguments: Any) -> None:
            if arguments.exc_type is not HostDied:  # a thread that waits for an operation dies with its host
                hook(arguments)

        with direct(), pytest.MonkeyPatch.context() as patch:
            patch.setattr(RequestsTransport, "send", seen)
            patch.setattr(HttpTransport, "sleep", lambda *_: pause())
            patch.setattr(threading, "excepthook", quiet)
            yield

    def _begin(self, key: str) -> None:
        """Count an activity, unless it is one that a dead host left behind."""
        self._dead, self._inside = False, True
        if key not in self._open:
            self.sent.append([])
            self._open[key] = len(self.sent)
            self._current = self.sent[-1]
        else:
            self._current = []
        self._at = self._open[key]

    def _sent(self, request: Any) -> Sent | None:
        url = urlsplit(request.url)
        if url.path.startswith("/msi/") or not self._inside:
            return None
        service: Service = (
            "blob" if url.port == self.blob_port else "Event Grid" if url.path.startswith("/eventgrid/") else "ARM"
        )
        return Sent(service, request.method, url.path)

    def _reach(self, sent: Sent) -> tuple[int, int]:
        with self._lock:
            if self._dead:
                raise HostDied
            self._current.append(sent)
            return self._at, len(self._current)

    def _die_at(self, at: tuple[int, int], when: When) -> None:
        if self._dead:
            raise HostDied
        point = Point(*at, when)
        if point in self.points and point not in self.died:
            self._dead = True
            self.died.append(point)
            raise HostDied


def _key(name: str, payload: Any) -> str:
    return f"{name} {json.dumps(payload, sort_keys=True)}"
