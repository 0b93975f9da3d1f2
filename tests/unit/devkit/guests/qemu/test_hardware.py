"""KVM is tried only where it can work, and command lines keep odd paths whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from devkit.guests.qemu.hardware import Hardware, Machine, command, may_have_kvm


@pytest.mark.parametrize(
    ("flags", "devices", "expected"),
    [
        ("fpu vmx sse", ["kvm"], [True]),
        ("fpu svm", ["kvm"], [True]),
        ("fpu vmx", [], [False]),
        ("fpu vmxish sse", ["kvm"], [False]),
    ],
)
def test_kvm_needs_a_device_and_a_processor_flag(
    tmp_path: Path, flags: str, devices: list[str], expected: list[bool]
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"model name\t: x\nflags\t\t: {flags}\n")
    for device in devices:
        (tmp_path / device).touch()
    assert [may_have_kvm(cpuinfo, tmp_path / "kvm")] == expected


def test_a_comma_in_a_path_does_not_end_the_option() -> None:
    directory = Path("/data,1")
    machine = Machine(*(directory / name for name in ("disk", "ram", "monitor", "agent", "console")))
    line = command(Hardware("tcg", 512, 1), machine)
    assert any(word.startswith("file=/data,,1/disk,if=none") for word in line)


def test_only_a_template_writes_its_memory_file() -> None:
    machine = Machine(*(Path("/x") / name for name in ("disk", "ram", "monitor", "agent", "console")))
    hardware = Hardware("tcg", 512, 1)
    assert any("share=on" in word for word in command(hardware, machine, keep_ram=True))
    assert any("share=off" in word for word in command(hardware, machine, incoming=True))


def test_data_disks_come_after_the_os_disk_and_say_their_lun() -> None:
    files = [Path("/x") / name for name in ("disk", "ram", "monitor", "agent", "console")]
    line = command(Hardware("tcg", 512, 1), Machine(*files, data_disks={0: Path("/x/a"), 3: Path("/x/b")}))
    devices = [word for word in line if word.startswith("virtio-blk-pci")]
    assert devices == [
        "virtio-blk-pci,drive=disk0",
        "virtio-blk-pci,drive=data0,serial=lun-0",
        "virtio-blk-pci,drive=data3,serial=lun-3",
    ]
