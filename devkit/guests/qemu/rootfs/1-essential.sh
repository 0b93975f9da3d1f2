#!/bin/sh
# Before the kernel is installed: a small initramfs that still finds the disk under QEMU and under Hyper-V,
# so that its one generation, in the kernel's own postinst, is the right one.
set -eu
root=$1
mkdir -p "$root/etc/initramfs-tools/conf.d" "$root/usr/share/initramfs-tools/modules.d"
printf '%s\n' MODULES=list COMPRESS=lz4 BUSYBOX=n FSTYPE=ext4 > "$root/etc/initramfs-tools/conf.d/cloud"
printf '%s\n' virtio_pci virtio_blk virtio_scsi ata_piix ahci sd_mod nvme hv_vmbus hv_storvsc ext4 \
    > "$root/usr/share/initramfs-tools/modules.d/cloud"
