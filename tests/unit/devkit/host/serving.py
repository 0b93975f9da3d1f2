"""Starting the sample app for tests: in this process, or in one of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx

from devkit.host.keys import MASTER, saved_master_key
from devkit.host.server import Host, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.host.clock import Clock

SAMPLE_APP = Path(__file__).parent / "sample_app"
REPOSITORY = Path(__file__).parents[4]


@contextmanager
def serving(
    database: Path, app: Path = SAMPLE_APP, clock: Clock | None = None, limits: Limits | None = None
) -> Iterator[Host]:
    """Run a host on a loop in a thread of its own."""
    host = Host(app, database, clock=clock, limits=limits)
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


def administer(host: Host, method: str, path: str, **more: Any) -> httpx.Response:
    """Call the host's own API with its key."""
    return httpx.request(method, f"{host.address}/admin/{path}", headers={"x-functions-key": host.keys[MASTER]}, **more)


class HostProcess:
    """`python -m devkit.host` as a child process; ready when constructed, unless it could not start."""

    def __init__(self, database: Path, environment: dict[str, str], app: Path = SAMPLE_APP, *options: object) -> None:
        self._log = database.with_suffix(".log")
        self._keys = database.with_suffix(".keys")
        arguments = [
            "--app",
            str(app),
            "--port",
            "0",
            "--db",
            str(database),
            "--keys",
            str(self._keys),
            *map(str, options),
        ]
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
        """The text that the process has written to stderr."""
        return self._log.read_text()

    def system_key(self, name: str) -> str:
        """Ask for the key of an extension's webhook."""
        headers = {"x-functions-key": saved_master_key(self._keys)}
        found = httpx.get(f"{self.address}/admin/host/systemkeys/{name}", headers=headers).raise_for_status()
        return str(found.json()["value"])

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
