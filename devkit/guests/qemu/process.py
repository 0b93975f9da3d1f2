"""A QEMU process: starting it as a daemon, finding it again, and waiting for its end.

It owns the identity of a process that outlives this program, so that no other is taken for it; it must not know QEMU's
devices.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from devkit.guests.port import GuestError
from devkit.guests.qemu.tools import last_lines, run_tool

_START_LIMIT = 60.0
_KILL_LIMIT = 20.0


class QemuProcess:
    """One running (or ended) QEMU, whoever started it."""

    def __init__(self, pid: int, pid_file: Path) -> None:
        self.pid = pid
        self._pid_file = pid_file

    @classmethod
    async def start(cls, command: list[str], *, pid_file: Path, log: Path) -> QemuProcess:
        """Start QEMU; on return its sockets listen. What it says later is in `log`."""
        pid_file.unlink(missing_ok=True)
        log.write_bytes(b"")
        # With a log target, a daemonized QEMU sends its stderr there; without one it would lose its last words.
        logging = ["-D", str(log), "-d", "guest_errors"]
        await run_tool(*command, *logging, "-daemonize", "-pidfile", str(pid_file), limit=_START_LIMIT)
        process = cls.find(pid_file)
        if process is None:
            raise GuestError(f"QEMU ended at once: {last_lines(log.read_bytes())}")
        return process

    @classmethod
    def find(cls, pid_file: Path) -> QemuProcess | None:
        """Return the running process that wrote this file, None if it has ended."""
        try:
            pid = int(pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        process = cls(pid, pid_file)
        return process if process.alive else None

    @property
    def alive(self) -> bool:
        """Whether it runs. A process id can be used again: only one with our pid file in its command counts."""
        try:
            command = Path(f"/proc/{self.pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return os.fsencode(self._pid_file) in command.split(b"\0")  # a zombie's command line is empty

    async def wait(self) -> None:
        """Return when the process has ended, child of ours or not."""
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(self.pid)
            try:
                if self.alive:
                    await _readable(descriptor)
            finally:
                os.close(descriptor)

    async def kill(self) -> None:
        """End it hard and return when it is gone."""
        if not self.alive:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        async with asyncio.timeout(_KILL_LIMIT):
            await self.wait()


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()

    def ended() -> None:
        loop.remove_reader(descriptor)
        readable.set_result(None)

    loop.add_reader(descriptor, ended)
    try:
        await readable
    finally:
        loop.remove_reader(descriptor)
