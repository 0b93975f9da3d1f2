"""Where user functions run: synchronous ones on threads, all asynchronous ones on one event loop.

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

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

# The worker's own default ("Python developer reference", PYTHON_THREADPOOL_THREAD_COUNT).
_DEFAULT_THREADS = min(32, (os.cpu_count() or 1) + 4)


class Worker:
    """Runs functions; start it before the first call, stop it after the last."""

    def __init__(self, threads: int | None = None) -> None:
        wanted = threads or int(os.environ.get("PYTHON_THREADPOOL_THREAD_COUNT") or _DEFAULT_THREADS)
        self._pool = ThreadPoolExecutor(wanted, thread_name_prefix="function")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="function-loop", daemon=True)

    def start(self) -> None:
        """Start the loop's thread."""
        self._thread.start()

    def stop(self) -> None:
        """Cancel what runs on the loop, close the durable clients' session, end the thread."""
        asyncio.run_coroutine_threadsafe(self._wind_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def submit(self, function: Callable[..., Any], arguments: dict[str, Any]) -> Future[Any]:
        """Run a function on the pool or, if it is asynchronous, on the loop."""
        if inspect.iscoroutinefunction(function):
            return self._on_loop(function(**arguments))
        return self._pool.submit(lambda: function(**arguments))

    def call_here(self, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        """Run a synchronous function on the calling thread; wait for an asynchronous one on the loop."""
        if inspect.iscoroutinefunction(function):
            return self._on_loop(function(**arguments)).result()
        return function(**arguments)

    def _on_loop(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _wind_up(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await sdk.close_client_session()
