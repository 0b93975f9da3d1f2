"""The disk's layout: a GPT as Azure's Debian images have it, which boots by BIOS and by UEFI.

It owns partitions and boot loader; it must not know what is in the root file system except its kernel's path.
"""

from __future__ import annotations

import struct
from pathlib import Path

from devkit.guests.qemu.tools import run_tool

MIB = 1024 * 1024
SECTOR = 512
ROOT_LABEL = "cloudimg-root"
DISK_MIB = 4096
BIOS_BOOT_MIB, BIOS_BOOT_SIZE_MIB = 1, 1
ESP_MIB, ESP_SIZE_MIB = 2, 34
ROOT_MIB = ESP_MIB + ESP_SIZE_MIB
ROOT_SIZE_MIB = DISK_MIB - ROOT_MIB - 1  # the last MiB holds the backup GPT

KERNEL_OPTIONS = f"root=LABEL={ROOT_LABEL} ro console=tty0 console=ttyS0,115200 net.ifnames=0"

_GRUB_LIBRARY = Path("/usr/lib/grub")
_GRUB_MODULES = ["part_gpt", "ext2", "normal", "linux", "serial", "terminal", "search", "search_label", "test", "boot"]
_GRUB_CONFIG = f"""\
serial --unit=0 --speed=115200
terminal_output serial console
set timeout=0
search --no-floppy --label {ROOT_LABEL} --set=root
linux /vmlinuz {KERNEL_OPTIONS}
initrd /initrd.img
boot
"""


def partition_table() -> str:
    """Return sfdisk's input: numbered as Azure numbers them, 14 BIOS boot, 15 ESP, 1 root (last, so it can grow)."""
    per_mib = MIB // SECTOR
    rows = [
        (14, BIOS_BOOT_MIB, BIOS_BOOT_SIZE_MIB, "21686148-6449-6E6F-744E-656564454649", "bios"),
        (15, ESP_MIB, ESP_SIZE_MIB, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "esp"),
        (1, ROOT_MIB, ROOT_SIZE_MIB, "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "root"),
    ]
    lines = ["label: gpt", "unit: sectors"]
    lines += [
        f"{number} : start={start * per_mib}, size={size * per_mib}, type={kind}, name={name}"
        for number, start, size, kind, name in rows
    ]
    return "\n".join(lines) + "\n"


def boot_sector(grub_boot: bytes) -> bytes:
    """Patch GRUB's boot.img to load its core from the BIOS boot partition, as grub-bios-setup would.

    Offsets from GRUB's include/grub/i386/pc/boot.h: the core's sector at 0x5c, and at 0x66 a jump that must become
    two NOPs on a hard disk. Only the 440 bytes before the partition table are given back.
    """
    sector = bytearray(grub_boot)
    struct.pack_into("<Q", sector, 0x5C, BIOS_BOOT_MIB * MIB // SECTOR)
    sector[0x66:0x68] = b"\x90\x90"
    return bytes(sector[:440])


def boot_core(grub_core: bytes) -> bytes:
    """Patch GRUB's core.img with where the rest of itself lies: first block list entry, at the end of sector 0.

    An entry is start sector (8 bytes), sector count (2) and load segment (2), from include/grub/offsets.h.
    """
    if len(grub_core) > BIOS_BOOT_SIZE_MIB * MIB:
        raise ValueError("GRUB's core does not fit its partition")
    core = bytearray(grub_core)
    rest = (len(core) + SECTOR - 1) // SECTOR - 1
    struct.pack_into("<QHH", core, SECTOR - 12, BIOS_BOOT_MIB * MIB // SECTOR + 1, rest, 0x820)
    return bytes(core)


async def make_bootable(disk: Path, scratch: Path) -> None:
    """Write the partition table and both boot loaders around the root file system already in `disk`."""
    config = scratch / "grub.cfg"
    config.write_text(_GRUB_CONFIG)
    core, efi = scratch / "core.img", scratch / "bootx64.efi"
    for target, output, extra in (("i386-pc", core, ["biosdisk"]), ("x86_64-efi", efi, ["efi_gop"])):
        command = ["grub-mkimage", "-O", target, "-c", str(config), "-p", "/boot/grub", "-o", str(output)]
        await run_tool(*command, *extra, *_GRUB_MODULES)
    await run_tool("sfdisk", "--quiet", "--wipe", "never", str(disk), stdin=partition_table().encode())

    esp = f"{disk}@@{ESP_MIB}M"
    await run_tool(
        "mformat", "-i", esp, "-v", "ESP", "-T", str(ESP_SIZE_MIB * MIB // SECTOR), "-h", "64", "-s", "32", "::"
    )
    await run_tool("mmd", "-i", esp, "::/EFI", "::/EFI/BOOT")
    await run_tool("mcopy", "-i", esp, str(efi), "::/EFI/BOOT/BOOTX64.EFI")

    with disk.open("r+b") as image:
        image.write(boot_sector((_GRUB_LIBRARY / "i386-pc" / "boot.img").read_bytes()))
        image.seek(BIOS_BOOT_MIB * MIB)
        image.write(boot_core(core.read_bytes()))
