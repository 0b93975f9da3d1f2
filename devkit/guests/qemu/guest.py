"""One QEMU machine: its life from disk to destruction, as the port promises it.

It owns the order of things (start, provision, session, off); it must not know Azure or other machines.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from devkit.guests.port import (
    DiskFacts,
    GuestError,
    GuestPoweredOff,
    OutputSink,
    PowerState,
    ScriptResult,
)
from devkit.guests.qemu import disks, machine_disks
from devkit.guests.qemu.agent import Agent
from devkit.guests.qemu.hardware import DISK_DEVICE, Machine, command
from devkit.guests.qemu.monitor import Monitor
from devkit.guests.qemu.process import QemuProcess
from devkit.guests.qemu.provision import provision
from devkit.guests.qemu.run_command import Script
from devkit.guests.qemu.session import ensure_session
from devkit.guests.qemu.tools import last_lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from devkit.guests.qemu.record import GuestRecord
    from devkit.guests.qemu.template import Template

_COLD_BOOT_LIMIT = 240.0  # seconds; emulated, 20 on an idle host, several times that on a busy one
_WARM_START_LIMIT = 60.0
_RESET_LIMIT = 120.0
_SHUTDOWN_LIMIT = 120.0


@dataclass(frozen=True)
class Platform:
    """Facts that all machines share: the template that they start from, and what of the host they may use."""

    template: Template
    ca_pem: bytes
    host_ports: Sequence[int]


class QemuGuest:
    """A machine run by QEMU; see `devkit.guests.port.Guest`."""

    def __init__(self, record: GuestRecord, platform: Platform) -> None:
        self.record = record
        self._platform = platform
        self._agent: Agent | None = None
        self._changing = asyncio.Lock()

    @property
    def power_state(self) -> PowerState:
        """Whether QEMU runs."""
        return "running" if self._process() else "stopped"

    async def make_disks(self) -> None:
        """Make the machine's disks anew from their sources."""
        await machine_disks.make_disks(self.record, self._platform.template.disk)

    async def boot(self) -> None:
        """Start (warm the first time if possible, from the machine's own disk later) until the agent answers."""
        async with self._changing, self._explained():
            if not self.record.provisioned:
                await self._first_boot()
            elif self._process() is None:
                await self._start(warm=False)
            await self._agent_of_this_boot()

    async def run_script(
        self,
        script: bytes,
        *,
        environment: Mapping[str, str],
        arguments: Sequence[str],
        timeout: float,  # noqa: ASYNC109  # see the port
        output: OutputSink,
    ) -> ScriptResult:
        """Run a script as Azure's Run Command does."""
        agent = await self._agent_of_this_boot()
        return await Script(agent, output).run(script, environment=environment, arguments=arguments, limit=timeout)

    async def restart(self) -> None:
        """Restart the operating system: a cold boot from the machine's own disk, in the same QEMU."""
        async with self._changing, self._explained():
            agent = await self._connected_agent()
            monitor = await Monitor.connect(self._machine().monitor, self.record.spec.vm_id)
            try:
                reset = monitor.expect_reset()
                await agent.shut_down("reboot")
                async with asyncio.timeout(_RESET_LIMIT):
                    await reset
            finally:
                await monitor.close()
            await agent.answers(limit=_COLD_BOOT_LIMIT)
            await self._agent_of_this_boot()

    async def power_off(self, *, graceful: bool) -> None:
        """Go off by the operating system, or by ending QEMU if that takes too long or is not wanted."""
        async with self._changing:
            process = self._process()
            if process is None:
                return
            if graceful:
                with contextlib.suppress(TimeoutError, GuestError):  # then the hard way, below
                    async with asyncio.timeout(_SHUTDOWN_LIMIT):
                        await (await self._connected_agent()).shut_down("powerdown")
                        await process.wait()
            await process.kill()
            await self._hang_up()

    async def wait_powered_off(self) -> None:
        """Return when QEMU has ended."""
        if process := self._process():
            await process.wait()
        await self._hang_up()

    async def destroy(self) -> None:
        """End QEMU and remove the machine's directory."""
        await self.power_off(graceful=False)
        sockets = disks.short_socket_directory(self.record.directory)
        shutil.rmtree(sockets, ignore_errors=True)
        self.record.delete()

    async def export_disk(self, target: Path, *, lun: int | None = None) -> DiskFacts:
        """Write a disk as a fixed VHD."""
        return await disks.write_vhd(self._disk_at_rest(lun), target)

    async def copy_disk(self, target: Path, lun: int | None) -> DiskFacts:
        """Write a disk as a qcow2 that stands alone."""
        return await disks.copy_alone(self._disk_at_rest(lun), target)

    def _disk_at_rest(self, lun: int | None) -> Path:
        disk = machine_disks.existing_disk(self.record, lun)
        if self._process() is not None:
            raise GuestError(f"{self.record.spec.vm_id}: the disk of a running machine cannot be read")
        return disk

    async def _first_boot(self) -> None:
        # The remains of a first boot that another process did not finish are of no use.
        if process := self._process():
            await process.kill()
        await self.make_disks()
        warm = machine_disks.starts_warm(self.record)
        await self._start(warm=warm)
        try:
            agent = await self._connected_agent()
            await asyncio.gather(provision(agent, self.record.spec, from_template=warm), self._set_up_session(agent))
        except BaseException:
            await asyncio.shield(self._kill())
            raise
        self.record.provisioned = True
        self.record.save()

    async def _start(self, *, warm: bool) -> None:
        await self._hang_up()
        machine = self._machine()
        template = self._platform.template
        await QemuProcess.start(
            command(template.hardware, machine, incoming=warm),
            pid_file=self.record.pid_file,
            log=self.record.log,
        )
        try:
            if warm:
                await self._thaw(machine)
            agent = await self._connected_agent()
            await agent.answers(limit=_WARM_START_LIMIT if warm else _COLD_BOOT_LIMIT)
        except BaseException:
            await asyncio.shield(self._kill())
            raise

    async def _kill(self) -> None:
        """End a machine that did not come up, also when that was cancelled: it must not look like a running one."""
        if process := self._process():
            await process.kill()
        await self._hang_up()

    async def _thaw(self, machine: Machine) -> None:
        monitor = await Monitor.connect(machine.monitor, self.record.spec.vm_id)
        try:
            await monitor.thaw(self._platform.template.state)
            if (gib := self.record.spec.disk_size_gib) is not None:
                await monitor.resize_disk(DISK_DEVICE, gib * disks.GIB)
        finally:
            await monitor.close()

    async def _agent_of_this_boot(self) -> Agent:
        """Return the agent, and set the session up if this boot has none: the guest may have restarted by itself."""
        agent = await self._connected_agent()
        await self._set_up_session(agent)
        return agent

    async def _set_up_session(self, agent: Agent) -> None:
        await ensure_session(agent, ca_pem=self._platform.ca_pem, host_ports=self._platform.host_ports)

    async def _connected_agent(self) -> Agent:
        if self._process() is None:
            raise GuestPoweredOff(f"{self.record.spec.vm_id}: the machine is off")
        if self._agent is None:
            self._agent = await Agent.connect(self._machine().agent, self.record.spec.vm_id)
            await self._agent.answers(limit=_COLD_BOOT_LIMIT)
        return self._agent

    async def _hang_up(self) -> None:
        if self._agent is not None:
            agent, self._agent = self._agent, None
            await agent.close()

    async def close(self) -> None:
        """Hang up and leave the machine as it is."""
        await self._hang_up()

    def _process(self) -> QemuProcess | None:
        return QemuProcess.find(self.record.pid_file)

    def _machine(self) -> Machine:
        sockets = disks.short_socket_directory(self.record.directory)
        sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Machine(
            disk=self.record.disk,
            ram=self._platform.template.ram,
            monitor=sockets / "monitor",
            agent=sockets / "agent",
            console=self.record.console,
            data_disks=self.record.data_disks,
        )

    @asynccontextmanager
    async def _explained(self) -> AsyncIterator[None]:
        """Add the last words of QEMU and of the machine's console to an error."""
        try:
            yield
        except (GuestError, TimeoutError) as error:
            words = [
                f"{file.name}:\n{last_lines(file.read_bytes())}"
                for file in (self.record.log, self.record.console)
                if file.exists() and file.stat().st_size
            ]
            raise GuestError("\n".join([f"{self.record.spec.vm_id}: {error}", *words])) from error
