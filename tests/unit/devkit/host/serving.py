"""Starting the sample app for tests: in this process, or in one of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from devkit.host.server import Host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.host.clock import Clock

SAMPLE_APP = Path(__file__).parent / "sample_app"
REPOSITORY = Path(__file__).parents[4]


@contextmanager
def serving(database: Path, app: Path = SAMPLE_APP, clock: Clock | None = None) -> Iterator[Host]:
    """Run a host on a loop in a thread of its own."""
    host = Host(app, database, clock=clock)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(host.start(), loop).result(30)
        yield host
    finally:
        asyncio.run_coroutine_threadsafe(host.stop(), loop).result(30)
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class HostProcess:
    """`python -m devkit.host` as a child process; ready when constructed, unless it could not start."""

    def __init__(self, database: Path, environment: dict[str, str], app: Path = SAMPLE_APP) -> None:
        self._log = database.with_suffix(".log")
        arguments = ["--app", str(app), "--port", "0", "--db", str(database)]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "devkit.host", *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=REPOSITORY,
                env=environment | {"PYTHONPATH": str(REPOSITORY)},
            )
        assert self._process.stdout is not None
        self.first_line = self._process.stdout.readline()
        self.address = self.first_line.removeprefix("ready ").strip()

    @property
    def log(self) -> str:
        """What the process has written to stderr."""
        return self._log.read_text()

    def wait(self) -> int:
        """Wait for the end and return the exit code."""
        return self._process.wait()

    def end(self, number: int) -> int:
        """Send a signal, wait, and return the exit code."""
        self._process.send_signal(number)
        return self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.communicate()
