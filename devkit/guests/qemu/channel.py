"""A JSON-lines connection to a Unix socket, as QEMU's monitor and its guest agent both speak it.

It owns matching replies to requests by id and handing on events; it must not know any command.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING, Any

from devkit.guests.port import GuestError, GuestPoweredOff

if TYPE_CHECKING:
    from pathlib import Path

_LINE_LIMIT = 1 << 23  # bytes; the guest agent answers a file read in one line
_SENTINEL = b"\xff"  # guest-sync-delimited puts it before its answer; what precedes it on the line is stale


class CommandFailed(GuestError):
    """The other side understood the command and refused it."""


class Channel:
    """One connection. Requests may overlap, and an answer that nobody waits for any more is dropped."""

    def __init__(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.name = name
        self._writer = writer
        self._ids = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._event_waiters: dict[str, list[asyncio.Future[None]]] = {}
        self._task = asyncio.create_task(self._read(reader), name=f"channel {name}")

    @classmethod
    async def connect(cls, path: Path, name: str) -> Channel:
        """Open the socket at `path`; `name` is for error messages."""
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=_LINE_LIMIT)
        except OSError as error:
            raise GuestPoweredOff(f"{name}: nothing listens at {path}") from error
        return cls(name, reader, writer)

    async def request(self, command: str, arguments: dict[str, Any], *, limit: float, prefix: bytes = b"") -> Any:
        """Send a command and give its `return` value; `limit` in seconds (TimeoutError)."""
        if self._task.done():
            raise GuestPoweredOff(f"{self.name}: the connection is closed")
        number = next(self._ids)
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = reply
        message = {"execute": command, "arguments": arguments, "id": number}
        try:
            async with asyncio.timeout(limit):
                self._writer.write(prefix + json.dumps(message).encode() + b"\n")
                return await reply
        finally:
            self._pending.pop(number, None)

    def expect_event(self, name: str) -> asyncio.Future[None]:
        """Return a future for the next event of that name; ask before causing it."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._event_waiters.setdefault(name, []).append(waiter)
        return waiter

    async def close(self) -> None:
        """Hang up; requests in flight fail."""
        self._writer.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                self._dispatch(line.rpartition(_SENTINEL)[2])
        except ConnectionError:
            pass  # QEMU ended: the same as end of file
        finally:
            self._writer.close()
            gone = GuestPoweredOff(f"{self.name}: the machine went off")
            for future in [*self._pending.values(), *itertools.chain(*self._event_waiters.values())]:
                if not future.done():
                    future.set_exception(gone)
                    future.exception()  # a waiter that has given up must not make asyncio complain

    def _dispatch(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            return  # half a line from before a reset of the machine
        if "event" in message:
            for waiter in self._event_waiters.pop(message["event"], []):
                if not waiter.done():
                    waiter.set_result(None)
            return
        reply = self._pending.get(message.get("id", 0))
        if reply is None or reply.done():
            return
        if "error" in message:
            reply.set_exception(CommandFailed(f"{self.name}: {message['error'].get('desc', message['error'])}"))
        else:
            reply.set_result(message.get("return"))
