"""One build on a real virtual machine, with the commands that a user types; the VHD that comes out boots by itself."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from devkit.guests.qemu.tools import missing_tools
from devkit.guests.qemu.verify import inspect_vhd
from tests.e2e.local_kiln import ANY_PORTS, kiln, local_kiln

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.local_kiln import LocalKiln

EXAMPLE = Path(__file__).parents[2] / "examples" / "hello-linux.json"
IMAGE_BUILD_SECONDS = 600
"""Time for a build and the machines' base image, which is built once, from packages, and kept in the user's cache."""

pytestmark = [
    pytest.mark.qemu,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(bool(missing_tools()), reason=f"not installed: {', '.join(missing_tools())}"),
]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKiln]:
    with local_kiln(tmp_path_factory.mktemp("real"), *ANY_PORTS, guests="qemu") as running:
        running.ready()
        yield running


def test_the_example_becomes_an_image_that_boots_with_its_customizations(local: LocalKiln, tmp_path: Path) -> None:
    where = ("--endpoint", local.endpoints()["host"])
    vhd = tmp_path / "hello.vhd"

    built = kiln("build", EXAMPLE, *where, seconds=IMAGE_BUILD_SECONDS)

    assert built.returncode == 0, built.stdout + built.stderr
    assert "/galleries/gallery/images/hello/versions/1.0.0" in built.stdout
    assert "westeurope, northeurope" in built.stdout
    log = kiln("logs", "hello-linux", *where).stdout
    assert "IMAGE=hello-linux" in log
    assert "bytes to /etc/motd" in log
    assert left_over(local) == set()
    downloaded = kiln("download", "hello-linux", "-o", vhd, *where, seconds=IMAGE_BUILD_SECONDS)
    assert downloaded.returncode == 0, downloaded.stderr
    assert vhd.stat().st_blocks * 512 < vhd.stat().st_size / 2, "the file is sparse"

    look = "cat /etc/kiln-release /etc/motd; id hello; id kiln; ls /var/lib/waagent"
    _, seen = asyncio.run(inspect_vhd(vhd, f"{look}\n{TRACES}"))

    assert "IMAGE=hello-linux" in seen
    assert "This machine was made from an image that Kiln built." in seen
    assert "(hello)" in seen
    assert "no such user" in seen, "deprovisioning removes the build machine's own user"
    assert "run-command-handler" not in seen, "nothing of Run Command stays in the image"
    assert "TRACE" not in seen, "nothing of Kiln stays in the image"
    assert signatures(vhd) == set(), "no signed URL was ever written to the disk, deleted files included"


TRACES = r"""
for place in /tmp/kiln-script.* /var/lib/kiln-boot /run/kiln-generalize.sh /root/.bash_history /home/kiln \
    /var/lib/waagent/run-command-handler /var/lib/waagent/Microsoft.CPlat.Core.* /var/log/azure/run-command-handler; do
  [ ! -e "$place" ] || echo "TRACE $place"
done
grep -rs '^kiln' /etc/passwd /etc/shadow /etc/group /etc/sudoers.d | sed 's/^/TRACE /'
grep -rlsI 'KILN_ARTIFACT_URL\|skoid=' /etc /home /opt /root /srv /tmp /var | sed 's/^/TRACE /'
"""


def signatures(vhd: Path) -> set[bytes]:
    """Return the user-delegation signatures in a disk's raw bytes, by the ids of the keys' owners."""
    pattern, found, before = re.compile(rb"skoid=[0-9a-fA-F-]{36}"), set(), b""
    with vhd.open("rb") as disk:
        while piece := disk.read(1 << 24):
            found.update(pattern.findall(before + piece))
            before = piece[-64:]
    return found


def left_over(local: LocalKiln) -> set[str]:
    """Return the resources that a build makes for itself alone and that are still there."""
    found = httpx.get(f"{local.endpoints()['azure'].replace('https', 'http')}/_local/resources").json()["resources"]
    costly = ("/virtualmachines/", "/networkinterfaces/", "/disks/", "/snapshots/", "/images/kiln")
    return {item["id"] for item in found if any(kind in item["id"].lower() for kind in costly)}
