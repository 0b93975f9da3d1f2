"""The provisioning document has what Azure's agent insists on finding in it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from devkit.guests.qemu.provision import ovf_environment

_NAMES = {"ovf": "http://schemas.dmtf.org/ovf/environment/1", "wa": "http://schemas.microsoft.com/windowsazure"}


def test_the_document_names_host_and_user_and_escapes_them() -> None:
    root = ET.fromstring(ovf_environment("web&1", "a<b").encode())
    settings = "wa:ProvisioningSection/wa:LinuxProvisioningConfigurationSet/wa:"

    assert root.tag == f"{{{_NAMES['ovf']}}}Environment"
    assert root.findtext(f"{settings}HostName", namespaces=_NAMES) == "web&1"
    assert root.findtext(f"{settings}UserName", namespaces=_NAMES) == "a<b"
    assert root.findtext("wa:ProvisioningSection/wa:Version", namespaces=_NAMES) == "1.0"
    platform = "wa:PlatformSettingsSection/wa:PlatformSettings/wa:ProvisionGuestAgent"
    assert root.findtext(platform, namespaces=_NAMES) == "true"
