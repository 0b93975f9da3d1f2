#!/bin/sh
# Turns the bare Debian root into what Azure's Debian 12 image is: DHCP, an agent that starts only on Azure, and
# an identity that is made at first boot and is gone again after `waagent -deprovision`.
set -eu
root=$1

echo localhost > "$root/etc/hostname"
echo '127.0.0.1 localhost' > "$root/etc/hosts"
echo "LABEL=$ROOT_LABEL / ext4 rw,discard,errors=remount-ro 0 1" > "$root/etc/fstab"

cat > "$root/etc/systemd/network/80-dhcp.network" <<'UNIT'
[Match]
Name=en* eth*
[Network]
DHCP=ipv4
UNIT

# Both ends of an identity: missing host keys are made at boot, and a machine that was deprovisioned loses them and its
# machine id on the way down. It was deprovisioned if its keys are gone, or if it was provisioned when this began and is
# not any more: making keys is slow, and may still be under way when the agent has just deleted them.
cat > "$root/usr/local/sbin/forget-identity" <<'SCRIPT'
#!/bin/sh
if [ ! -e /etc/ssh/ssh_host_ed25519_key ] || { [ -e /run/provisioned ] && [ ! -e /var/lib/waagent/provisioned ]; }; then
  rm -f /etc/ssh/ssh_host_*
  : > /etc/machine-id
fi
SCRIPT
chmod 755 "$root/usr/local/sbin/forget-identity"
cat > "$root/etc/systemd/system/machine-identity.service" <<'UNIT'
[Unit]
Description=Machine identity (SSH host keys, machine id)
Before=ssh.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=/bin/sh -c 'test ! -e /var/lib/waagent/provisioned || : > /run/provisioned'
ExecStart=/usr/bin/ssh-keygen -A
ExecStopPost=/usr/local/sbin/forget-identity
[Install]
WantedBy=multi-user.target
UNIT

# Anywhere but on Hyper-V there is no wire server to talk to, and the agent would only spin.
mkdir -p "$root/etc/systemd/system/walinuxagent.service.d"
printf '[Unit]\nConditionVirtualization=microsoft\n' > "$root/etc/systemd/system/walinuxagent.service.d/azure-only.conf"

chroot "$root" systemctl --quiet enable systemd-networkd systemd-resolved machine-identity walinuxagent ssh
# Background work that a short-lived build machine should not do; all of it can be unmasked.
chroot "$root" systemctl --quiet mask systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer dpkg-db-backup.timer
chroot "$root" passwd --quiet --lock root
# With no cloud-init in the image it is the agent that provisions.
sed -i 's/^Provisioning.Agent=.*/Provisioning.Agent=auto/' "$root/etc/waagent.conf"
# A file here, made when dbus was installed, would become every machine's id.
ln -sf /etc/machine-id "$root/var/lib/dbus/machine-id"
rm -f "$root"/etc/ssh/ssh_host_*
