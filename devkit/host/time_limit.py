"""The host's functionTimeout: calls of functions that take longer are ended.

It owns which calls are too late, and the fate of the others; it must not know what the functions are for. The rules are
those of `FunctionExecutor` (Azure/azure-webjobs-sdk), `WebScriptHostExceptionHandler` and
`RpcFunctionInvocationDispatcher.RestartWorkerWithInvocationIdAsync` (Azure/azure-functions-host): the call that is
too late fails, and the worker process is restarted. What else that process was running is lost: no answer comes of
it, and nobody fails it before its own time has run out.

A thread cannot be killed from outside, as a process can. So a function on a thread runs on here, its result is dropped,
and `stray` tells of it. A coroutine is cancelled.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future
    from datetime import timedelta

log = logging.getLogger(__name__)


class FunctionTimeoutError(Exception):
    """A call took longer than the host allows."""


@dataclass(slots=True, eq=False)
class _Call:
    """One call under way: its deadline (monotonic seconds), and the future that its caller waits for."""

    name: str
    due: float
    inner: Future[Any]
    outer: Future[Any]
    lost: bool = False
    ended: bool = False


class TimeLimit:
    """Bounds calls by `limit` (None: for ever) from `start` to `stop`."""

    def __init__(self, limit: timedelta | None) -> None:
        self._limit = limit
        # In the order in which they began, which is that of their ends: all have the same time.
        self._calls: deque[_Call] = deque()
        self._left: set[_Call] = set()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="time-limit", daemon=True)

    def start(self) -> None:
        """Start to look for calls that are too late."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking for such calls."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def stray(self) -> bool:
        """Whether anything still runs, for its caller or for nobody."""
        with self._changed:
            return any(not call.inner.done() for call in self._left)

    def bound(self, name: str, inner: Future[Any], outer: Future[Any]) -> Future[Any]:
        """Let `outer` become what `inner` becomes, or FunctionTimeoutError if that comes first; return it."""
        due = float("inf") if self._limit is None else time.monotonic() + self._limit.total_seconds()
        call = _Call(name, due, inner, outer)
        with self._changed:
            self._drop_ended()
            self._calls.append(call)
            self._left.add(call)
            self._changed.notify_all()
        outer.add_done_callback(lambda done: inner.cancel() if done.cancelled() else None)
        inner.add_done_callback(lambda _done: self._finish(call))
        return outer

    def _finish(self, call: _Call) -> None:
        with self._changed:
            self._left.discard(call)
            if call.lost or call.ended:
                return
            call.ended = True
        if call.inner.cancelled():
            call.outer.cancel()
            call.outer.set_running_or_notify_cancel()
        elif call.outer.set_running_or_notify_cancel():
            error = call.inner.exception()
            if error is None:
                call.outer.set_result(call.inner.result())
            else:
                call.outer.set_exception(error)

    def _run(self) -> None:
        while (late := self._next_late()) is not None:
            self._end(late)

    def _next_late(self) -> _Call | None:
        with self._changed:
            while not self._stopping:
                self._drop_ended()
                left = self._calls[0].due - time.monotonic() if self._calls else None
                if left is not None and left <= 0:
                    call = self._calls.popleft()
                    call.ended = True
                    return call
                self._changed.wait(None if left is None else min(left, threading.TIMEOUT_MAX))
        return None

    def _end(self, late: _Call) -> None:
        message = f"Timeout value of {self._limit!s:0>8} was exceeded by function: Functions.{late.name}"
        log.error("%s", message)
        gone = [late]
        with self._changed:
            if not late.lost:  # else the worker that it ran in has been restarted already
                gone += [call for call in self._calls if not (call.ended or call.lost)]
                for call in gone[1:]:
                    call.lost = True
                log.warning("Azure restarts the worker now; %d other calls that it runs are lost", len(gone) - 1)
        for call in gone:
            call.inner.cancel()
        if late.outer.set_running_or_notify_cancel():
            late.outer.set_exception(FunctionTimeoutError(message))

    def _drop_ended(self) -> None:
        while self._calls and self._calls[0].ended:
            self._calls.popleft()
