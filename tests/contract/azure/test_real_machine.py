"""A real machine through Azure's API: the image captured of it, data disk included, boots again and runs scripts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from azure.storage.blob import BlobClient

from devkit.guests import vhd
from devkit.guests.qemu.guests import QemuGuests, reap
from devkit.guests.qemu.tools import missing_tools
from tests.contract.azure import bodies
from tests.contract.azure.harness import SEEDED, Harness
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.azurite import Azurite

HELLO = ("rg-images", "gallery", "hello")
DEFINITION = f"{SEEDED}/providers/Microsoft.Compute/galleries/gallery/images/hello"
FILL = """\
#!/bin/sh -e
mkfs.ext4 -q -L data /dev/disk/by-id/virtio-lun-1
mount LABEL=data /mnt
echo "on the data disk" > /mnt/mark
echo "on the system disk" > /opt/mark
"""
GENERALIZE = """\
#!/bin/sh -e
systemd-run --quiet --on-active=1 --timer-property=AccuracySec=100ms \\
    /bin/sh -c '/usr/sbin/waagent -force -deprovision+user && poweroff'
"""
LOOK = """\
#!/bin/sh -e
mount LABEL=data /mnt
cat /mnt/mark /opt/mark
hostname
cat /proc/sys/kernel/random/boot_id
"""

pytestmark = [
    pytest.mark.qemu,
    pytest.mark.machines,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(missing_tools()), reason=f"not installed: {', '.join(missing_tools())}"),
]


@pytest.fixture(name="real")
def _real(tmp_path: Path, azurite: Azurite) -> Iterator[Harness]:
    running = Harness(tmp_path, azurite.accounts, guests=QemuGuests(tmp_path))
    yield running
    running.stop()
    asyncio.run(reap(tmp_path))


def output_of(cloud: Harness, vm: str, name: str, text: str) -> str:
    """Run a script, which has to succeed, and return its output."""
    commands = cloud.compute.virtual_machine_run_commands
    commands.begin_create_or_update("rg", vm, name, bodies.script(text)).result()
    view = commands.get_by_virtual_machine("rg", vm, name, expand="instanceView").instance_view
    assert (view.execution_state, view.exit_code, view.error) == ("Succeeded", 0, "")
    return str(view.output)


def is_off(cloud: Harness, vm: str) -> bool:
    statuses = cloud.compute.virtual_machines.instance_view("rg", vm).statuses
    return any(status.code == "PowerState/stopped" for status in statuses)


def test_a_captured_machine_boots_again_with_its_data_disk_and_runs_scripts(real: Harness) -> None:
    bodies.stage(real)
    machines, versions = real.compute.virtual_machines, real.compute.gallery_image_versions
    body = bodies.machine("rg")
    empty = {"lun": 1, "createOption": "Empty", "diskSizeGB": 1, "deleteOption": "Delete"}
    body["properties"]["storageProfile"]["dataDisks"] = [empty]
    vm_id = str(machines.begin_create_or_update("rg", "vm", body).result().id)
    output_of(real, "vm", "fill", FILL)
    output_of(real, "vm", "generalize", GENERALIZE)
    until(lambda: is_off(real, "vm"), within=180)
    machines.begin_deallocate("rg", "vm").result()
    machines.generalize("rg", "vm")
    version = versions.begin_create_or_update(*HELLO, "1.0.0", bodies.version(vm_id)).result()
    machines.begin_delete("rg", "vm").result()

    real.network.network_interfaces.begin_create_or_update("rg", "nic2", bodies.interface("rg")).result()
    body = bodies.machine("rg", "nic2", {"id": DEFINITION})
    body["properties"]["osProfile"]["computerName"] = "checkvm"
    machines.begin_create_or_update("rg", "check", body).result()
    seen = output_of(real, "check", "look", LOOK).splitlines()
    assert seen[:3] == ["on the data disk", "on the system disk", "checkvm"]
    machines.begin_restart("rg", "check").result()
    again = output_of(real, "check", "again", LOOK).splitlines()
    assert again[:3] == seen[:3]
    assert again[3] != seen[3]
    machines.begin_delete("rg", "check").result()
    exports_its_data_disk(real, str(version.id))


def exports_its_data_disk(real: Harness, version: str) -> None:
    reference = {"id": version, "lun": 1}
    body: Any = {
        "location": "westeurope",
        "properties": {"creationData": {"createOption": "FromImage", "galleryImageReference": reference}},
    }
    assert real.compute.disks.begin_create_or_update("rg", "data", body).result().disk_size_gb == 1
    grant: Any = {"access": "Read", "durationInSeconds": 600}
    url = str(real.compute.disks.begin_grant_access("rg", "data", grant).result().access_sas)
    size = (1 << 30) + vhd.FOOTER_SIZE
    with BlobClient.from_blob_url(url, connection_verify=str(real.storage.ca_file)) as blob:
        assert blob.get_blob_properties().size == size
        footer = blob.download_blob(offset=size - vhd.FOOTER_SIZE, length=vhd.FOOTER_SIZE).readall()
    assert footer.startswith(b"conectix")
