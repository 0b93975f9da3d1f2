"""The QEMU guest agent: running programs and reading files in a guest without any network.

It owns the agent's commands that are used and waiting for it to answer; it must not know what is run.
"""

from __future__ import annotations

import asyncio
import base64
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devkit.guests.port import GuestError
from devkit.guests.qemu.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_COMMAND_LIMIT = 60.0  # seconds; an emulated, busy machine is slow to answer
_SYNC_RETRY = 2.0
_FIRST_POLL, _LAST_POLL = 0.02, 0.2
_READ_SIZE = 1 << 20
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}


@dataclass(frozen=True)
class Completed:
    """A program that ended by itself or (negative code) by a signal."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class Agent:
    """A connection to one machine's agent."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    @classmethod
    async def connect(cls, path: Path, name: str) -> Agent:
        """Connect to the machine's socket; the agent itself may not be there yet (see `answers`)."""
        return cls(await Channel.connect(path, f"{name} agent"))

    async def answers(self, *, limit: float) -> None:
        """Return when the agent answers; raises GuestError after `limit` seconds.

        A request is asked again and again: what is sent while the machine resets may be lost.
        """
        try:
            async with asyncio.timeout(limit):
                while True:
                    number = int.from_bytes(os.urandom(4))
                    try:
                        await self._channel.request(
                            "guest-sync-delimited", {"id": number}, limit=_SYNC_RETRY, prefix=b"\xff"
                        )
                    except TimeoutError:
                        continue
                    return
        except TimeoutError:
            raise GuestError(f"{self._channel.name} did not answer within {limit:.0f} s") from None

    async def start(
        self,
        program: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        capture: bool = False,
    ) -> int:
        """Start a program and give its process id. `environment` adds to a plain root environment."""
        variables = [f"{name}={value}" for name, value in {**_ENVIRONMENT, **(environment or {})}.items()]
        options: dict[str, Any] = {"path": program, "arg": list(arguments), "env": variables, "capture-output": capture}
        if stdin:
            options["input-data"] = base64.b64encode(stdin).decode()
        return int((await self._execute("guest-exec", **options))["pid"])

    async def ended(self, pid: int) -> Completed | None:
        """Return the outcome of a program from `start`, None while it runs. Can be asked once after the end."""
        status = await self._execute("guest-exec-status", pid=pid)
        if not status["exited"]:
            return None
        code = status.get("exitcode", -status.get("signal", 0))
        stdout, stderr = (base64.b64decode(status.get(key, "")) for key in ("out-data", "err-data"))
        return Completed(code, stdout, stderr)

    async def run(
        self,
        program: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        limit: float = _COMMAND_LIMIT,
    ) -> Completed:
        """Run a program to its end, `limit` in seconds (TimeoutError)."""
        async with asyncio.timeout(limit):
            pid = await self.start(program, arguments, environment=environment, stdin=stdin, capture=True)
            pause = _FIRST_POLL
            while (completed := await self.ended(pid)) is None:
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, _LAST_POLL)
            return completed

    async def bash(
        self,
        script: str,
        *,
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        limit: float = _COMMAND_LIMIT,
    ) -> bytes:
        """Run the platform's own bash script and give its stdout; raises GuestError if it fails."""
        completed = await self.run("/bin/bash", "-c", script, environment=environment, stdin=stdin, limit=limit)
        if completed.exit_code != 0:
            message = completed.stderr.decode(errors="replace").strip()
            raise GuestError(f"{self._channel.name}: a platform script failed ({completed.exit_code}): {message}")
        return completed.stdout

    async def open(self, path: str, *, offset: int = 0) -> int:
        """Open a file to read from `offset` and give its handle; raises CommandFailed if it is not there."""
        handle = int(await self._execute("guest-file-open", path=path, mode="r"))
        if offset:
            await self._execute("guest-file-seek", handle=handle, offset=offset, whence="set")
        return handle

    async def read_on(self, handle: int) -> tuple[bytes, bool]:
        """Read what was appended since the last read, and whether that was all for now."""
        seek = self._execute("guest-file-seek", handle=handle, offset=0, whence="cur")  # forgets the end of file
        read = self._execute("guest-file-read", handle=handle, count=_READ_SIZE)
        _, answer = await asyncio.gather(seek, read)
        return base64.b64decode(answer["buf-b64"]), bool(answer["eof"])

    async def close_file(self, handle: int) -> None:
        """Close a handle of `open`."""
        await self._execute("guest-file-close", handle=handle)

    async def shut_down(self, mode: str) -> None:
        """Ask the operating system to go down; `mode` is "powerdown" or "reboot". There is no answer."""
        try:
            await self._channel.request("guest-shutdown", {"mode": mode}, limit=0.5)
        except TimeoutError:
            return

    async def close(self) -> None:
        """Hang up."""
        await self._channel.close()

    async def _execute(self, command: str, **arguments: Any) -> Any:
        return await self._channel.request(command, arguments, limit=_COMMAND_LIMIT)
