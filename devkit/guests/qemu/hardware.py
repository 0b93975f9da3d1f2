"""The virtual hardware that every machine here has, as QEMU's command line.

It owns the device list, which a warm template and its clones must share exactly; it must not know guests' lives.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from devkit.guests.qemu.tools import run_tool

Accelerator = Literal["kvm", "tcg"]

DISK_DEVICE = "disk0"
# x86-64-v2: what current binary distributions are compiled for, and as fast under emulation as the bare model.
_TCG_CPU = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16"
_SHAPE = 1  # counts up when the device list below changes: old templates no longer fit


@dataclass(frozen=True)
class Hardware:
    """One size of machine. A template fits only clones of the same size."""

    accelerator: Accelerator
    memory_mib: int
    cpus: int

    async def fingerprint(self) -> str:
        """Identify this hardware as this host's QEMU makes it."""
        version = await run_tool("qemu-system-x86_64", "--version")
        host = _host_cpu() if self.accelerator == "kvm" else ""
        text = f"{_SHAPE} {version.decode()} {self} {_TCG_CPU} {host}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Machine:
    """The files of one machine on the host."""

    disk: Path
    ram: Path
    monitor: Path
    agent: Path
    console: Path
    data_disks: dict[int, Path] = field(default_factory=dict, kw_only=True)


def command(
    hardware: Hardware, machine: Machine, *, keep_ram: bool = False, incoming: bool = False, disk_bus: str = "virtio"
) -> list[str]:
    """Return QEMU's command line.

    With `keep_ram`, guest memory is written to the RAM file (a template); else it is a private copy of it.
    `incoming` waits for a frozen state; there are no data disks then, as a template has none. `disk_bus` "ide" is
    what an Azure generation 1 machine boots from. The guest finds a data disk as /dev/disk/by-id/virtio-lun-<LUN>.
    """
    memory = f"memory-backend-file,id=ram,size={hardware.memory_mib}M,mem-path={_escape(machine.ram)}"
    cpu = "host" if hardware.accelerator == "kvm" else _TCG_CPU
    accelerator = "kvm" if hardware.accelerator == "kvm" else "tcg,thread=multi,tb-size=256"
    disk = f"file={_escape(machine.disk)},if=none,id={DISK_DEVICE},format=qcow2,cache=unsafe"
    bus = {"virtio": ("q35,smm=off", "virtio-blk-pci"), "ide": ("pc", "ide-hd")}[disk_bus]
    arguments = [
        "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
        "-machine", f"{bus[0]},memory-backend=ram", "-accel", accelerator, "-cpu", cpu,
        "-m", str(hardware.memory_mib), "-smp", str(hardware.cpus), "-rtc", "base=utc",
        "-object", f"{memory},share={'on' if keep_ram else 'off'}",
        "-drive", f"{disk},discard=unmap,detect-zeroes=unmap", "-device", f"{bus[1]},drive={DISK_DEVICE}",
        "-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0,romfile=",
        "-chardev", f"file,id=console,path={_escape(machine.console)}", "-serial", "chardev:console",
        "-chardev", f"socket,id=agent,path={_escape(machine.agent)},server=on,wait=off",
        "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
        "-qmp", f"unix:{_escape(machine.monitor)},server=on,wait=off",
    ]  # fmt: skip
    for lun, path in machine.data_disks.items():
        drive = f"file={_escape(path)},if=none,id=data{lun},format=qcow2,cache=unsafe,discard=unmap"
        arguments += ["-drive", drive, "-device", f"virtio-blk-pci,drive=data{lun},serial=lun-{lun}"]
    return [*arguments, "-incoming", "defer"] if incoming else arguments


def may_have_kvm(cpuinfo: Path = Path("/proc/cpuinfo"), device: Path = Path("/dev/kvm")) -> bool:
    """Whether KVM is worth a probe. A /dev/kvm that opens is not enough: it may lack hardware to work with."""
    return device.exists() and re.search(r"^flags\s*:.*\b(vmx|svm)\b", cpuinfo.read_text(), re.MULTILINE) is not None


def _host_cpu() -> str:
    found = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else ""


def _escape(path: Path) -> str:
    return str(path).replace(",", ",,")  # QEMU's own quoting in option lists
