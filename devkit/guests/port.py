"""The port between the local Azure and its machines: what one asks of a guest, and what comes back.

It owns the two protocols and their plain values; it must not know QEMU, Azure's REST API or any file format.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pathlib import Path

Stream = Literal["stdout", "stderr"]
PowerState = Literal["running", "stopped"]

OutputSink = Callable[[Stream, bytes], Awaitable[None]]
"""A function that is called with each piece of a script's output as it arrives, in order within one stream."""


class GuestError(Exception):
    """A machine could not do what was asked of it; the message says which machine and why."""


class GuestPoweredOff(GuestError):
    """The machine is off, or went off, while something needed it running."""


@dataclass(frozen=True)
class MarketplaceImage:
    """A published image, by the four parts of its URN; `version` is exact, never "latest"."""

    publisher: str
    offer: str
    sku: str
    version: str


@dataclass(frozen=True)
class DiskImage:
    """A disk that `Guests.capture` wrote."""

    path: Path


GuestSource = MarketplaceImage | DiskImage


@dataclass(frozen=True)
class DataDisk:
    """A disk besides the one that a machine boots from, by its LUN: a copy of `source`, or empty."""

    lun: int
    size_gib: int
    source: DiskImage | None = None


@dataclass(frozen=True)
class GuestSpec:
    """The specification of a machine. `vm_id` is its ARM id in lower case and its unique key."""

    vm_id: str
    computer_name: str
    source: GuestSource
    memory_mib: int = 1024
    cpus: int = 2
    disk_size_gib: int | None = None  # None: as large as the source
    admin_username: str | None = None  # None: a specialized image, nothing to provision
    data_disks: Sequence[DataDisk] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ScriptResult:
    """The end of a script. After a timeout `exit_code` is -1, as Azure's Run Command handler reports it."""

    exit_code: int
    timed_out: bool = False


@dataclass(frozen=True)
class DiskFacts:
    """A disk file: where it is, how many bytes the machine sees in it, and its format ("vhd", "qcow2")."""

    path: Path
    virtual_size: int
    format: str


class Guest(Protocol):
    """One machine. It survives the process that made it, until `destroy` or `Guests.close`."""

    @property
    def power_state(self) -> PowerState:
        """Whether the machine is on now."""
        ...

    async def boot(self) -> None:
        """Start the machine and return when its agent answers; does nothing more if it already runs."""
        ...

    async def run_script(
        self,
        script: bytes,
        *,
        environment: Mapping[str, str],
        arguments: Sequence[str],
        timeout: float,  # noqa: ASYNC109  # the platform's own limit: it kills the script, not the wait
        output: OutputSink,
    ) -> ScriptResult:
        """Run a script as root (LocalSystem), `timeout` in seconds. Cancelling the task kills the script.

        All output has gone to `output` when this returns. Raises GuestPoweredOff if the machine goes off
        meanwhile. A script that a restart of the machine kills times out: its end is not
        reported, as on Azure.
        """
        ...

    async def restart(self) -> None:
        """Restart the operating system and return when its agent answers again."""
        ...

    async def power_off(self, *, graceful: bool) -> None:
        """Switch off, by the operating system if graceful, and return when the machine is off. Idempotent."""
        ...

    async def wait_powered_off(self) -> None:
        """Return when the machine is off, whoever switched it off."""
        ...

    async def destroy(self) -> None:
        """Switch off hard and delete the machine's disk. Idempotent."""
        ...

    async def export_disk(self, target: Path, *, lun: int | None = None) -> DiskFacts:
        """Write a disk of the stopped machine (None: the OS disk) as a fixed VHD (a sparse file), when complete."""
        ...


class Guests(Protocol):
    """All machines of one local Azure."""

    async def prepare(self) -> None:
        """Make what every machine starts from (minutes, the first time); progress goes to the log."""
        ...

    async def create(self, spec: GuestSpec) -> Guest:
        """Make a machine, not booted; the same machine when called again with the same `vm_id`."""
        ...

    async def attach(self, vm_id: str) -> Guest | None:
        """Find a machine that this or an earlier process made; None if there is none."""
        ...

    async def capture(self, guest: Guest, target: Path, *, lun: int | None = None) -> DiskFacts:
        """Freeze a disk of the stopped machine (None: the OS disk) as an image file of its own (see DiskImage)."""
        ...

    async def close(self) -> None:
        """Switch off every machine recorded here, also those of an earlier process; their disks stay."""
        ...
