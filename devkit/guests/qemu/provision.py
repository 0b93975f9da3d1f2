"""Provisioning: making one machine out of an image, as Azure's agent does at the first boot.

It owns identity, the admin user and the root partition's growth; it must not know how the machine was started.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from devkit.guests.port import GuestSpec
    from devkit.guests.qemu.agent import Agent

_LIMIT = 120.0

# A clone wakes up with the template's clock and random state: both first, everything else is made from them.
_WAKE = r"""
date --set "@$NOW" > /dev/null
perl -e 'open(my $pool, ">", "/dev/urandom") or die; syswrite($pool, pack("H*", $ENV{SEED}));
    ioctl($pool, 0x5207, 0) or die "RNDRESEEDCRNG: $!"'
"""

_IDENTITY = r"""
read -r id < /proc/sys/kernel/random/uuid
echo "${id//-/}" > /etc/machine-id
echo "$COMPUTER_NAME" > /etc/hostname
hostname "$COMPUTER_NAME"
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$COMPUTER_NAME" > /etc/hosts
"""

# Last: making host keys takes seconds of processor time, in the background.
_SERVICES = r"""
systemctl start --no-block machine-identity.service ssh.service
"""

# The agent's own record of what it provisioned: `waagent -deprovision+user` reads the user's name from it.
_ADMIN = r"""
useradd --create-home --shell /bin/bash --groups sudo "$ADMIN"
(umask 227; echo "$ADMIN ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/waagent)
mkdir -p -m 700 /var/lib/waagent
(umask 177; echo "$OVF_ENV" > /var/lib/waagent/ovf-env.xml)
: > /var/lib/waagent/provisioned
"""

# The root partition is number 1 and the last on the disk; it is mounted, so the kernel has to be told of the change.
_GROW = r"""
root=$(findmnt --noheadings --output SOURCE /)
disk=/dev/$(lsblk --noheadings --output PKNAME "$root")
sfdisk --quiet --force --no-reread --relocate gpt-bak-std "$disk" > /dev/null
echo ', +' | sfdisk --quiet --force --no-reread -N 1 "$disk" > /dev/null
partx --update --nr 1 "$disk"
resize2fs "$root" > /dev/null
"""


def ovf_environment(computer_name: str, admin_username: str) -> str:
    """Return the ovf-env.xml that Azure's fabric hands to a Linux guest, as far as the agent parses it."""
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<Environment xmlns="http://schemas.dmtf.org/ovf/environment/1" xmlns:wa="http://schemas.microsoft.com/windowsazure">
<wa:ProvisioningSection><wa:Version>1.0</wa:Version>
<LinuxProvisioningConfigurationSet xmlns="http://schemas.microsoft.com/windowsazure">
<ConfigurationSetType>LinuxProvisioningConfiguration</ConfigurationSetType>
<HostName>{escape(computer_name)}</HostName>
<UserName>{escape(admin_username)}</UserName>
<DisableSshPasswordAuthentication>true</DisableSshPasswordAuthentication>
</LinuxProvisioningConfigurationSet></wa:ProvisioningSection>
<wa:PlatformSettingsSection><wa:Version>1.0</wa:Version>
<PlatformSettings xmlns="http://schemas.microsoft.com/windowsazure">
<ProvisionGuestAgent>true</ProvisionGuestAgent>
</PlatformSettings></wa:PlatformSettingsSection>
</Environment>
"""


async def provision(agent: Agent, spec: GuestSpec, *, from_template: bool) -> None:
    """Give the machine its own identity. A specialized image (no admin user, not from the template) keeps its own."""
    steps = ["set -eu"]
    environment = {"COMPUTER_NAME": spec.computer_name}
    if from_template:
        steps.append(_WAKE)
        environment |= {"NOW": f"{time.time():.3f}", "SEED": os.urandom(64).hex()}
    if from_template or spec.admin_username is not None:
        steps.append(_IDENTITY)
    if spec.admin_username is not None:
        steps.append(_ADMIN)
        environment |= {
            "ADMIN": spec.admin_username,
            "OVF_ENV": ovf_environment(spec.computer_name, spec.admin_username),
        }
    if spec.disk_size_gib is not None:
        steps.append(_GROW)
    if from_template:
        steps.append(_SERVICES)
    if len(steps) > 1:
        await agent.bash("\n".join(steps), environment=environment, limit=_LIMIT)
