"""QEMU's monitor (QMP): freezing and thawing a machine, and hearing of its resets.

It owns the QMP commands that are used; it must not know the guest's operating system.
"""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING, Any

from devkit.guests.port import GuestError
from devkit.guests.qemu.channel import Channel

if TYPE_CHECKING:
    from pathlib import Path

_COMMAND_LIMIT = 30.0
_MIGRATION_LIMIT = 60.0
_POLL = 0.01


class Monitor:
    """A connection to one machine's monitor."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    @classmethod
    async def connect(cls, path: Path, name: str) -> Monitor:
        """Connect and leave capabilities negotiation mode, as QMP demands before any command."""
        monitor = cls(await Channel.connect(path, f"{name} monitor"))
        await monitor._execute("qmp_capabilities")
        return monitor

    async def freeze(self, state: Path) -> None:
        """Stop the machine and write its device state to `state`; its RAM stays in its own (shared) file."""
        await self._execute("stop")
        await self._ignore_shared_memory()
        await self._execute("migrate", uri=f"exec:cat > {shlex.quote(str(state))}")
        await self._migrated()

    async def thaw(self, state: Path) -> None:
        """Load the device state that `freeze` wrote, into a machine started with `-incoming defer`, and run it."""
        await self._ignore_shared_memory()
        await self._execute("migrate-incoming", uri=f"exec:cat {shlex.quote(str(state))}")
        await self._migrated()
        await self._execute("cont")

    async def resize_disk(self, device: str, size: int) -> None:
        """Tell the running guest that its disk now has `size` bytes."""
        await self._execute("block_resize", device=device, size=size)

    def expect_reset(self) -> asyncio.Future[None]:
        """Return a future for the machine's next reset."""
        return self._channel.expect_event("RESET")

    async def close(self) -> None:
        """Hang up."""
        await self._channel.close()

    async def _execute(self, command: str, **arguments: Any) -> Any:
        return await self._channel.request(command, arguments, limit=_COMMAND_LIMIT)

    async def _ignore_shared_memory(self) -> None:
        capability = {"capability": "x-ignore-shared", "state": True}
        await self._execute("migrate-set-capabilities", capabilities=[capability])

    async def _migrated(self) -> None:
        async with asyncio.timeout(_MIGRATION_LIMIT):
            while True:
                answer = await self._execute("query-migrate")
                if answer.get("status") == "completed":
                    return
                if answer.get("status") == "failed":
                    raise GuestError(f"QEMU could not move the machine's state: {answer.get('error-desc', answer)}")
                await asyncio.sleep(_POLL)
