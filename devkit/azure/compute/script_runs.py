"""Scripts under way: each run from its start to its last flushed byte.

It owns the running task, the tail of its output and the append blobs; it must not know ARM documents.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from devkit.azure import clock
from devkit.azure.errors import ArmError
from devkit.guests.port import GuestError, ScriptResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from devkit.azure.blobs import Blobs
    from devkit.guests.port import Guest, Stream

_LOG = logging.getLogger(__name__)
_TAIL = 4096  # bytes of each stream in the instance view; learn.microsoft.com, "Managed Run Command"


@dataclass(frozen=True)
class Script:
    """A script to run, with its secrets; it is never stored."""

    content: bytes
    environment: Mapping[str, str]
    arguments: Sequence[str]
    timeout: float
    output_url: str | None
    error_url: str | None


@dataclass
class _Output:
    """One output stream: its last bytes, and those that its blob has not got yet."""

    url: str | None
    tail: bytes = b""
    waiting: bytearray = field(default_factory=bytearray)

    def take(self, data: bytes) -> None:
        self.tail = (self.tail + data)[-_TAIL:]
        if self.url is not None:
            self.waiting += data


@dataclass
class ScriptRun:
    """One script under way; `view` is its instance view."""

    script: Script
    guest: Guest
    blobs: Blobs
    interval: float
    changed: Callable[[dict[str, Any]], None]
    state: str = "Pending"
    message: str = ""
    exit_code: int | None = None
    began: float | None = None
    ended: float | None = None
    started: asyncio.Event = field(default_factory=asyncio.Event)
    streams: dict[Stream, _Output] = field(init=False)
    _flushing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.streams = {"stdout": _Output(self.script.output_url), "stderr": _Output(self.script.error_url)}

    @property
    def view(self) -> dict[str, Any]:
        """The instance view as it is now."""
        shown: dict[str, Any] = {
            "executionState": self.state,
            "executionMessage": self.message,
            "output": self.streams["stdout"].tail.decode(errors="replace"),
            "error": self.streams["stderr"].tail.decode(errors="replace"),
        }
        if self.exit_code is not None:
            shown["exitCode"] = self.exit_code
        if self.began is not None:
            shown["startTime"] = clock.iso(self.began)
        if self.ended is not None:
            shown["endTime"] = clock.iso(self.ended)
        return shown

    async def run(self) -> None:
        """Run the script to its end; all output is in the blobs before the state says that it has ended."""
        try:
            await self._create_blobs()
            result = await self._execute()
        except (ArmError, GuestError) as error:
            message = error.message if isinstance(error, ArmError) else str(error)
            self._end("Failed", -1, message)
        except Exception:  # noqa: BLE001  # the run is the boundary: its watchers must see an end state
            _LOG.exception("a script run broke")
            self._end("Failed", -1, "The local Azure broke while the script ran; see its log.")
        else:
            state = "TimedOut" if result.timed_out else "Succeeded" if result.exit_code == 0 else "Failed"
            self._end(state, result.exit_code, self.message)

    async def _create_blobs(self) -> None:
        for stream in self.streams.values():
            if stream.url is not None:
                await self.blobs.create_append(stream.url)

    async def _execute(self) -> ScriptResult:
        self.state, self.began = "Running", clock.now()
        self.changed(self.view)
        self.started.set()
        flusher = asyncio.get_running_loop().create_task(self._flush_now_and_then())
        try:
            return await self.guest.run_script(
                self.script.content,
                environment=self.script.environment,
                arguments=self.script.arguments,
                timeout=self.script.timeout,
                output=self._take,
            )
        finally:
            flusher.cancel()
            await asyncio.gather(flusher, return_exceptions=True)
            await self._flush()

    async def _take(self, stream: Stream, data: bytes) -> None:
        self.streams[stream].take(data)

    async def _flush_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self.interval)
            # Shielded: a cancelled append may have reached the blob or not, and would then be lost or doubled.
            await asyncio.shield(self._flush())

    async def _flush(self) -> None:
        async with self._flushing:
            for stream in self.streams.values():
                if not stream.waiting or stream.url is None:
                    continue
                data = bytes(stream.waiting)
                try:
                    await self.blobs.append(stream.url, data)
                except ArmError as error:  # as Azure's handler does: the script goes on, the view says what is missing
                    self.message = f"Output could not be written: {error.message}"
                    _LOG.warning("%s", self.message)
                del stream.waiting[: len(data)]

    def _end(self, state: str, exit_code: int, message: str) -> None:
        self.state, self.exit_code, self.message, self.ended = state, exit_code, message, clock.now()
        self.started.set()
        self.changed(self.view)


@dataclass
class ScriptRuns:
    """The runs of this process, by the run command's key."""

    blobs: Blobs
    _runs: dict[str, tuple[ScriptRun, asyncio.Task[None]]] = field(default_factory=dict)

    async def launch(self, key: str, run: ScriptRun) -> None:
        """Start a run in place of the one under the same key, which is killed first."""
        await self.kill(key)
        self._runs[key] = (run, asyncio.get_running_loop().create_task(run.run(), name=f"script {key}"))

    def find(self, key: str) -> ScriptRun | None:
        """Find a run that this process started."""
        found = self._runs.get(key)
        return found[0] if found else None

    async def finish(self, key: str) -> None:
        """Wait until a run has ended, one way or another."""
        await asyncio.wait([self._runs[key][1]])

    async def kill(self, key: str) -> None:
        """Kill a run and forget it; its blobs keep the output that they have."""
        found = self._runs.pop(key, None)
        if found is not None:
            found[1].cancel()
            await asyncio.gather(found[1], return_exceptions=True)

    async def stop(self) -> None:
        """Kill all runs."""
        for key in list(self._runs):
            await self.kill(key)
