"""The worker that runs user functions: synchronous ones on threads, asynchronous ones on one loop, none for too long.

It owns the threads and the loop, as the Python worker does; it must not know what the functions are for.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from devkit.host import sdk
from devkit.host.time_limit import TimeLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import timedelta

# The worker's own default ("Python developer reference", PYTHON_THREADPOOL_THREAD_COUNT).
_DEFAULT_THREADS = min(32, (os.cpu_count() or 1) + 4)
_ACTIVITY_THREADS = 1000


class Worker:
    """Runs functions; start it before the first call, stop it after the last."""

    def __init__(self, threads: int | None = None, limit: timedelta | None = None) -> None:
        wanted = threads or int(os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT") or _DEFAULT_THREADS)
        self._pool = ThreadPoolExecutor(wanted, thread_name_prefix="function")
        # The engine limits how many activities run, but those that were given up run besides.
        self._activities = ThreadPoolExecutor(_ACTIVITY_THREADS, thread_name_prefix="activity-function")
        self._limit = TimeLimit(limit)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="function-loop", daemon=True)

    def start(self) -> None:
        """Start the loop's thread."""
        self._thread.start()
        self._limit.start()

    def stop(self) -> bool:
        """Cancel what runs on the loop, close the durable clients' session, end the thread.

        Return whether everything has ended: a thread cannot be stopped from outside.
        """
        self._limit.stop()
        asyncio.run_coroutine_threadsafe(self._wind_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for pool in (self._pool, self._activities):
            pool.shutdown(wait=False, cancel_futures=True)
        return not self._limit.stray

    def submit(self, name: str, function: Callable[..., Any], arguments: dict[str, Any]) -> Future[Any]:
        """Run a function on the pool or, if it is asynchronous, on the loop; FunctionTimeoutError after too long."""
        return self._submit(self._pool, name, function, arguments)

    def call_activity(self, name: str, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """Run an activity function and wait for its end; FunctionTimeoutError after too long."""
        return self._submit(self._activities, name, function, arguments).result()

    def _submit(
        self, pool: ThreadPoolExecutor, name: str, function: Callable[..., Any], arguments: dict[str, Any]
    ) -> Future[Any]:
        if inspect.iscoroutinefunction(function):
            running = self._on_loop(function(**arguments))
        else:
            running = pool.submit(lambda: function(**arguments))
        return self._limit.bound(name, running, Future())

    def _on_loop(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _wind_up(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await sdk.close_client_session()
