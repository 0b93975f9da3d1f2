"""`kiln local up` as a user runs it: one process, one readiness line, and nothing left behind."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import ssl
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from devkit.local.eventing import GALLERY_WRITES
from tests.e2e.local_kiln import ANY_PORTS, SECONDS, LocalKiln, kiln, local_kiln

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def ends(pids: list[int]) -> Iterator[None]:
    """Expect all these processes to end in the block, or soon after it."""
    with ExitStack() as stack:
        # A pidfd becomes readable when its process has ended (pidfd_open(2)).
        descriptors = [os.pidfd_open(pid) for pid in pids]
        for descriptor in descriptors:
            stack.callback(os.close, descriptor)
        yield
        for pid, descriptor in zip(pids, descriptors, strict=True):
            assert select.select([descriptor], [], [], SECONDS)[0], f"process {pid} still runs"


def answers(local: LocalKiln) -> bool:
    where = local.endpoints()
    try:
        httpx.get(where["host"], verify=ssl.create_default_context(cafile=where["ca"]), trust_env=False)
    except httpx.TransportError:
        return False
    return True


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKiln]:
    """One local Kiln for the tests that leave it as it was: each start takes seconds of three processes."""
    with local_kiln(tmp_path_factory.mktemp("shared"), *ANY_PORTS) as local:
        local.ready()
        yield local


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_ready_serves_and_a_signal_stops_it_all(tmp_path: Path, number: signal.Signals) -> None:
    with local_kiln(tmp_path, *ANY_PORTS) as local:
        url = local.ready()
        assert local.endpoints()["host"] == url
        assert url.startswith("https://")
        assert answers(local)
        children = local.children()
        assert len(children) == 3
        with ends(children):
            local.process.send_signal(number)
        rest, _ = local.process.communicate(timeout=SECONDS)
        assert local.process.returncode == 0
        assert rest == "", "stdout has the readiness line alone"
    assert "successfully closed" in (tmp_path / "logs" / "azurite.log").read_text()


def test_nothing_outlives_it_when_it_is_killed(tmp_path: Path) -> None:
    with local_kiln(tmp_path, *ANY_PORTS) as local:
        local.ready()
        with ends(local.children()):
            local.process.kill()


def test_a_host_that_dies_is_restarted_on_its_port(tmp_path: Path) -> None:
    with local_kiln(tmp_path, *ANY_PORTS) as local:
        url = local.ready()
        first = local.child("devkit.host")
        os.kill(first, signal.SIGKILL)
        assert "ended by SIGKILL" in local.stderr_until("the Functions host ended")
        assert local.stderr_until("answers again").rstrip().endswith(url)
        assert answers(local)
        assert local.child("devkit.host") != first


def test_the_end_of_another_part_ends_it_with_an_error(tmp_path: Path) -> None:
    with local_kiln(tmp_path, *ANY_PORTS) as local:
        local.ready()
        with ends(local.children()):
            os.kill(local.child("devkit.local.azure"), signal.SIGKILL)
        _, errors = local.process.communicate(timeout=SECONDS)
        assert local.process.returncode == 1
        assert f"Error: the local Azure ended by SIGKILL (log: {tmp_path}/logs/azure.log)" in errors


def test_a_second_one_on_the_same_data_is_refused(shared: LocalKiln) -> None:
    second = kiln("local", "up", "--guests", "scripted", "--data", shared.data, *ANY_PORTS)
    assert second.returncode == 1
    assert second.stdout == ""
    assert f"`kiln local up` already runs on {shared.data} (process {shared.process.pid})" in second.stderr
    assert shared.process.poll() is None


@pytest.mark.parametrize("option", ["--port", "--azure-port", "--azurite-port"])
def test_a_port_in_use_is_named(tmp_path: Path, option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = kiln("local", "up", "--guests", "scripted", "--data", tmp_path, *ANY_PORTS, option, port)
    assert refused.returncode == 1
    assert re.search(rf"Error: port {port} for .* \({option}\) is in use", refused.stderr)


def test_the_next_start_takes_the_same_free_ports_and_finds_its_resources_and_event_grid(tmp_path: Path) -> None:
    known, listed = [], []
    for _ in range(2):
        with local_kiln(tmp_path, *ANY_PORTS) as local:
            local.ready()
            known.append(local.endpoints())
            listed.append(kiln("local", "resources", "--data", tmp_path).stdout.splitlines())
    assert known[0] == known[1]
    assert listed[0] == listed[1]
    ends = ("topics/kiln/eventSubscriptions/kiln", f"systemTopics/subscription/eventSubscriptions/{GALLERY_WRITES}")
    assert all(any(line.endswith(end) for line in listed[0]) for end in ends)


def test_other_commands_look_into_it(shared: LocalKiln) -> None:
    url = shared.endpoints()["host"]
    status = kiln("local", "status", "--data", shared.data)
    assert status.returncode == 0
    assert re.search(rf"Kiln's API +{url} +answers", status.stdout)
    resources = kiln("local", "resources", "--data", shared.data).stdout.splitlines()
    assert any(line.endswith("/resourceGroups/rg-images") for line in resources)

    azure = shared.endpoints()["azure"].replace("https", "http")
    httpx.get(f"{azure}/subscriptions?api-version=2022-12-01", trust_env=False)
    asked = "GET /subscriptions 2022-12-01"  # besides the requests of set-up and of the app's timers
    assert int(kiln("local", "requests", "--data", shared.data, "--count").stdout) >= 1
    assert asked in kiln("local", "requests", "--data", shared.data).stdout
    kiln("local", "requests", "--data", shared.data, "--clear")
    assert asked not in kiln("local", "requests", "--data", shared.data).stdout


def test_a_version_is_published_by_its_image(shared: LocalKiln) -> None:
    publish = ("local", "publish-version", "--data", shared.data)
    assert kiln(*publish, "Debian:debian-12:12-gen2", "12.20990101.1").stdout.startswith("Debian:debian-12:12-gen2 has")
    wrong = kiln(*publish, "Debian:debian-12", "12.20990101.1")
    assert (wrong.returncode, "is not PUBLISHER:OFFER:SKU" in wrong.stderr) == (2, True)
    unknown = kiln(*publish, "Debian:debian-12:other", "1.0.0")
    assert (unknown.returncode, "answered 400" in unknown.stderr) == (1, True)
    assert kiln("local", "watch", "--data", shared.data).returncode == 0


@pytest.mark.parametrize("command", ["status", "requests", "resources"])
def test_a_look_where_nothing_runs_says_so(tmp_path: Path, command: str) -> None:
    looked = kiln("local", command, "--data", tmp_path)
    assert looked.returncode == 1
    assert f"Error: nothing runs on {tmp_path}" in looked.stderr


def test_a_status_is_told_when_a_part_does_not_answer(shared: LocalKiln) -> None:
    os.kill(shared.child("devkit.host"), signal.SIGSTOP)
    try:
        status = kiln("local", "status", "--data", shared.data)
    finally:
        os.kill(shared.child("devkit.host"), signal.SIGCONT)
    assert status.returncode == 1
    assert re.search(r"Kiln's API +\S+ +does not answer", status.stdout)
