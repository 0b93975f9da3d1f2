"""Run Command inside a guest, as Azure's Linux handler does it, with the guest agent for transport.

It owns one script's life: files, process, streamed output, time limit, kill. It must not know why a script runs.
Behaviour from the handler's source (Azure/run-command-handler-linux): the script is a file below
/var/lib/waagent/run-command-handler, started by `/bin/bash -c <file> <arguments, unquoted>`; its streams go to
files; a timeout kills that one process only, and the exit code is then -1.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from devkit.guests.port import GuestError, OutputSink, ScriptResult, Stream
from devkit.guests.qemu.channel import CommandFailed
from devkit.guests.qemu.session import SCRIPT_ENVIRONMENT, refresh_certificates

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from devkit.guests.qemu.agent import Agent

_DOWNLOADS = PurePosixPath("/var/lib/waagent/run-command-handler/download")
_FAST_POLL, _SLOW_POLL = 0.05, 0.25  # seconds; fast while output comes
_KILL_LIMIT = 20.0

# Its own session and control group: whatever happens to the agent's service does not reach the script.
_LAUNCHER = f"""\
directory=$1; shift
group=/sys/fs/cgroup/run-command
mkdir -p -m 700 "$directory" "$group"
echo $$ > "$group/cgroup.procs"
cat > "$directory/script.sh"
chmod 500 "$directory/script.sh"
{refresh_certificates()}
setsid /bin/bash -c "$directory/script.sh $*" > "$directory/stdout" 2> "$directory/stderr" < /dev/null &
echo $! > "$directory/pid"
wait $!
code=$?
echo $code > "$directory/exit"
exit $code
"""

_KILL = """\
for _ in $(seq 50); do [ -s "$1/pid" ] && break; sleep 0.1; done
kill -KILL -- "$2$(cat "$1/pid")"
"""


class _Tail:
    """One stream's file, read as it grows. The agent loses its handles when it restarts: open again, go on."""

    def __init__(self, agent: Agent, stream: Stream, path: PurePosixPath, output: OutputSink) -> None:
        self._agent = agent
        self._stream: Stream = stream
        self._path = str(path)
        self._output = output
        self._handle: int | None = None
        self._offset = 0

    async def forward(self) -> bool:
        """Pass on what is new; say whether there was any."""
        progressed = False
        at_end = False
        while not at_end:
            try:
                if self._handle is None:
                    self._handle = await self._agent.open(self._path, offset=self._offset)
                data, at_end = await self._agent.read_on(self._handle)
            except CommandFailed:
                self._handle = None  # not there yet, or the agent was restarted: the next round opens it
                return progressed
            if data:
                self._offset += len(data)
                progressed = True
                await self._output(self._stream, data)
        return progressed

    async def close(self) -> None:
        if self._handle is not None:
            with contextlib.suppress(CommandFailed):  # restarted in between: the handle went with it
                await self._agent.close_file(self._handle)


class Script:
    """One run of one script in one guest."""

    def __init__(self, agent: Agent, output: OutputSink) -> None:
        self._agent = agent
        self._directory = _DOWNLOADS / uuid.uuid4().hex[:12] / "0"
        self._tails = [_Tail(agent, stream, self._directory / stream, output) for stream in ("stdout", "stderr")]

    async def run(
        self, script: bytes, *, environment: Mapping[str, str], arguments: Sequence[str], limit: float
    ) -> ScriptResult:
        """Run to the end or to the time limit (seconds), passing output on. Cancelling kills the script."""
        deadline = asyncio.get_running_loop().time() + limit
        try:
            launcher = await self._agent.start(
                "/bin/bash",
                ["-c", _LAUNCHER, "run-command", str(self._directory), *arguments],
                environment={**SCRIPT_ENVIRONMENT, **environment},
                stdin=script,
            )
            result = await self._follow(launcher, deadline)
        except asyncio.CancelledError:
            # The whole process group, and even though this task is already being cancelled.
            await asyncio.shield(self._kill(group=True))
            raise
        for tail in self._tails:
            await tail.close()
        return result

    async def _follow(self, launcher: int, deadline: float) -> ScriptResult:
        pause = _FAST_POLL
        while True:
            exit_code = await self._exit_code(launcher)
            progressed = [await tail.forward() for tail in self._tails]
            if exit_code is not None:
                return ScriptResult(exit_code)
            if asyncio.get_running_loop().time() >= deadline:
                await self._kill(group=False)
                for tail in self._tails:
                    await tail.forward()
                return ScriptResult(-1, timed_out=True)
            pause = _FAST_POLL if any(progressed) else min(pause * 1.3, _SLOW_POLL)
            await asyncio.sleep(pause)

    async def _exit_code(self, launcher: int) -> int | None:
        try:
            ended = await self._agent.ended(launcher)
        except CommandFailed:
            # A restarted agent does not know its earlier children; the launcher left the exit code in a file as well.
            return await self._recorded_exit_code()
        return None if ended is None else ended.exit_code

    async def _recorded_exit_code(self) -> int | None:
        try:
            handle = await self._agent.open(str(self._directory / "exit"))
        except CommandFailed:
            return None
        text, _ = await self._agent.read_on(handle)
        await self._agent.close_file(handle)
        return int(text) if text else None

    async def _kill(self, *, group: bool) -> None:
        # A script that ended in the same moment is no error: there is nothing left to kill.
        with contextlib.suppress(GuestError, TimeoutError):
            arguments = ("kill", str(self._directory), "-" if group else "")
            await self._agent.run("/bin/bash", "-c", _KILL, *arguments, limit=_KILL_LIMIT)
