#!/bin/sh
# Writes the finished root straight into partition 1 of $DISK, at $ROOT_OFFSET: no loop device and no mounted disk.
set -eu
root=$1

# mmdebstrap undoes these only after this hook: an image packed now must not keep them.
rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/apt/apt.conf.d/99mmdebstrap" "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
[ ! -e "$root/sbin/start-stop-daemon.REAL" ] || mv -f "$root/sbin/start-stop-daemon.REAL" "$root/sbin/start-stop-daemon"

rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/cache/apt/*.bin "$root"/var/lib/apt/lists/* "$root"/var/log/*.log
rm -f "$root/etc/resolv.conf"
ln -s ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
: > "$root/etc/machine-id"

# A bind mount that is not recursive hides /proc, /sys and /dev, which mke2fs cannot copy.
view=$(mktemp -d)
mount --bind "$root" "$view"
mke2fs -q -F -t ext4 -L "$ROOT_LABEL" -m 1 -E "root_owner=0:0,nodiscard,offset=$ROOT_OFFSET" -d "$view" "$DISK" "$ROOT_KIB"k
umount "$view"
rmdir "$view"
