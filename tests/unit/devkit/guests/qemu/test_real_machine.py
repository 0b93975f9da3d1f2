"""One real machine's whole life: warm start, scripts, restart, deprovision, export, and the image booted alone."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import ssl
import subprocess
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from devkit.guests import vhd
from devkit.guests.port import GuestSpec, MarketplaceImage, ScriptResult, Stream
from devkit.guests.qemu.guests import QemuGuests, reap
from devkit.guests.qemu.tools import missing_tools
from devkit.guests.qemu.verify import inspect_vhd

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from devkit.guests.port import Guest

_log = logging.getLogger(__name__)
_SPEC = GuestSpec(
    "/vm/build", "buildvm", MarketplaceImage("Debian", "debian-12", "12", "1.0.0"), admin_username="builder"
)
_CUSTOMIZE = b"""\
#!/bin/bash -e
echo "to $TARGET as $(id -un)"
echo complaint >&2
curl --silent --show-error --fail "$URL" -o /opt/fetched
python3 -c 'import os, urllib.request; urllib.request.urlopen(os.environ["URL"]).read()'
sleep 1
echo done "$1"
exit 3
"""
_GENERALIZE = b"""\
#!/bin/sh -e
systemd-run --quiet --on-active=1 --timer-property=AccuracySec=100ms \
    /bin/sh -c '/usr/sbin/waagent -force -deprovision+user && poweroff'
"""
_INSPECT = """\
cat /opt/fetched
cat /etc/machine-id
systemctl is-system-running
ls /etc/ssh/ssh_host_ed25519_key /run/kiln /home/builder
readlink /var/lib/dbus/machine-id
ip -4 -brief address show scope global
"""

pytestmark = [
    pytest.mark.qemu,
    pytest.mark.sockets,
    pytest.mark.timeout(900),
    pytest.mark.skipif(bool(missing_tools()), reason=f"not installed: {', '.join(missing_tools())}"),
]


class Output:
    """The output of a script, with the time at which each piece came."""

    def __init__(self) -> None:
        self.pieces: list[tuple[Stream, bytes, float]] = []

    async def __call__(self, stream: Stream, data: bytes) -> None:
        self.pieces.append((stream, data, time.monotonic()))

    def text(self, stream: Stream) -> str:
        return b"".join(data for kind, data, _ in self.pieces if kind == stream).decode()


@pytest.fixture(name="certificate", scope="module")
def _certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    directory = tmp_path_factory.mktemp("tls")
    key, certificate = directory / "key.pem", directory / "cert.pem"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=local"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request, *names], check=True, capture_output=True)
    return certificate, key


@asynccontextmanager
async def https_server(certificate: tuple[Path, Path]) -> AsyncIterator[int]:
    """Serve one text on 127.0.0.1 at a free port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\nfrom the host.\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture(name="data")
def _data(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    asyncio.run(reap(tmp_path / "data"))


async def run(
    guest: Guest, script: bytes, *arguments: str, limit: float = 120, **environment: str
) -> tuple[ScriptResult, Output]:
    output = Output()
    result = await guest.run_script(script, environment=environment, arguments=arguments, timeout=limit, output=output)
    return result, output


@pytest.mark.machines
def test_a_machine_is_customized_deprovisioned_exported_and_boots_alone(
    data: Path, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    async def scenario() -> None:
        async with https_server(certificate) as port:
            guests = QemuGuests(data, ca_pem=certificate[0].read_bytes(), host_ports=[port])
            guest = await guests.create(_SPEC)
            await guest.boot()
            await customizes(guest, f"https://127.0.0.1:{port}/file")
            await a_time_limit_ends_a_script(guest)
            machine_id = await an_identity_of_its_own(guest)

            again = await QemuGuests(data).attach(_SPEC.vm_id.upper())
            assert again is not None
            assert again.power_state == "running"

            assert (await run(guest, _GENERALIZE))[0] == ScriptResult(0)
            await asyncio.wait_for(guest.wait_powered_off(), 180)

        facts = await guest.export_disk(tmp_path / "out.vhd")
        assert vhd.read_footer(facts.path).virtual_size == facts.virtual_size
        assert facts.virtual_size % (1 << 20) == 0
        assert facts.path.stat().st_blocks * 512 < facts.virtual_size / 4
        await guest.destroy()
        await guests.close()
        await boots_alone(facts.path, machine_id)

    asyncio.run(scenario())


async def customizes(guest: Guest, url: str) -> None:
    result, output = await run(guest, _CUSTOMIZE, "with it", URL=url, TARGET="the image")
    assert (result, output.text("stderr")) == (ScriptResult(3), "complaint\n")
    assert output.text("stdout") == "to the image as root\ndone with\n"
    first, last = (next(when for _, data, when in output.pieces if text in data) for text in (b"to the", b"done"))
    assert last - first > 0.5, "output came only at the end"


async def a_time_limit_ends_a_script(guest: Guest) -> None:
    result, output = await run(guest, b"echo begun\nexec sleep 1000\n", limit=3)
    assert result == ScriptResult(-1, timed_out=True)
    assert output.text("stdout") == "begun\n"
    _, processes = await run(guest, b"pgrep -c -f 'sleep 1000' || true\n")
    assert processes.text("stdout") == "0\n"


async def an_identity_of_its_own(guest: Guest) -> str:
    script = b"hostname; id -un builder; date +%s; systemctl is-active host-port-*.socket; cat /etc/machine-id\n"
    _, output = await run(guest, script)
    hostname, user, now, forward, machine_id = output.text("stdout").split()
    assert (hostname, user, forward) == ("buildvm", "builder", "active")
    assert abs(int(now) - time.time()) < 30
    return machine_id


async def boots_alone(image: Path, old_machine_id: str) -> None:
    _, text = await inspect_vhd(image, _INSPECT)
    _log.info("the image, booted alone:\n%s", text)
    lines = text.splitlines()
    assert lines[0] == "from the host."
    assert len(lines[1]) == 32
    assert lines[1] != old_machine_id
    assert lines[2] == "running"
    assert "/etc/ssh/ssh_host_ed25519_key" in lines
    assert "cannot access '/run/kiln'" in text
    assert "cannot access '/home/builder'" in text
    assert "/etc/machine-id" in lines, "all machines would take the machine id that dbus left in the image"
    assert "10.0.2.15" in lines[-1]


@pytest.mark.machines
def test_a_machine_restarts_from_its_own_grown_disk_and_gets_its_session_again(data: Path) -> None:
    async def scenario() -> None:
        guests = QemuGuests(data, host_ports=[9])
        guest = await guests.create(dataclasses.replace(_SPEC, disk_size_gib=8))
        await guest.boot()
        await run(guest, b"echo kept > /root/kept; echo lost > /run/lost\n")
        await guest.restart()
        _, output = await run(
            guest, b"cat /root/kept; ls /run/lost; systemctl is-active host-port-9.socket; df -BG --output=size /\n"
        )
        assert output.text("stdout").split() == ["kept", "active", "1G-blocks", "8G"]

        killed = asyncio.create_task(run(guest, b"echo $$ > /run/pid; exec sleep 1000\n"))
        while (await run(guest, b"test -s /run/pid\n"))[0].exit_code:
            assert not killed.done()
        killed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await killed
        assert (await run(guest, b"kill -0 $(cat /run/pid)\n"))[0].exit_code == 1

        await guest.power_off(graceful=True)
        assert guest.power_state == "stopped"
        await guests.close()

    asyncio.run(scenario())
