"""The command line: readiness, a clean stop, and survival of kill -9."""

from __future__ import annotations

import os
import re
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx
import pytest

from devkit.azurite.certificates import ensure_certificates
from devkit.host.keys import DURABLE
from tests.unit.devkit.host.serving import SAMPLE_APP, HostProcess

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sockets

CHAIN = 6


class Journal:
    """The folder in which the sample app's `journal` activity writes down its runs and waits at gates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for number in range(CHAIN):
            os.mkfifo(folder / f"gate-{number}")

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "JOURNAL": str(self.folder)}

    @property
    def runs(self) -> list[int]:
        return [int(line) for line in (self.folder / "runs").read_text().splitlines()]

    def let_go(self, number: int) -> None:
        """Wait until the activity runs, then let it go on."""
        with (self.folder / f"gate-{number}").open("w") as gate:
            gate.write("x")

    def kill_while_running(self, number: int, host: HostProcess) -> None:
        """Wait until the activity runs, then kill -9 the host before the activity can return."""
        with (self.folder / f"gate-{number}").open("w"):
            code = host.end(signal.SIGKILL)
        assert code == -signal.SIGKILL


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    folder = tmp_path / "journal"
    folder.mkdir()
    return Journal(folder)


def await_result(host: HostProcess, instance_id: str) -> httpx.Response:
    """Wait for an instance by asking again, as the API asks its clients to."""
    url = f"{host.address}/runtime/webhooks/durabletask/instances/{instance_id}"
    key = {"code": host.system_key(DURABLE)}
    while (response := httpx.get(url, params=key)).status_code == 202:
        pass
    return response


def test_it_prints_one_line_when_ready_and_stops_on_sigterm(tmp_path: Path, journal: Journal) -> None:
    with HostProcess(tmp_path / "state.db", journal.environment) as host:
        assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+\n", host.first_line)
        assert httpx.get(f"{host.address}/cookies").text == "eaten"
        assert host.end(signal.SIGTERM) == 0


def test_one_port_serves_https_and_http(tmp_path: Path, journal: Journal) -> None:
    folder = tmp_path / "tls"
    with (
        HostProcess(tmp_path / "state.db", journal.environment, SAMPLE_APP, "--tls", folder) as host,
        httpx.Client(verify=ensure_certificates(folder).client_context(), timeout=30) as client,
    ):
        assert host.first_line.startswith("ready https://127.0.0.1:")
        plain = host.address.replace("https:", "http:")
        for origin in (host.address, plain):
            assert client.put(f"{origin}/things/a/b").json()["url"] == f"{origin}/things/a/b"
            # A durable client in the app reaches its host, whichever way the app was called.
            started = client.post(f"{origin}/start/chain?id={origin.partition(':')[0]}", json=1)
            assert started.status_code == 202


def test_a_running_activity_is_redelivered_after_a_stop(tmp_path: Path, journal: Journal) -> None:
    with HostProcess(tmp_path / "state.db", journal.environment) as host:
        httpx.post(f"{host.address}/start/journaled?id=j", json=1).raise_for_status()
        with (journal.folder / "gate-0").open("w"):
            assert host.end(signal.SIGINT) == 0
        assert "taken up again at the next start" in host.log

    with HostProcess(tmp_path / "state.db", journal.environment) as again:
        journal.let_go(0)
        assert await_result(again, "j").json()["output"] == [0]
    assert journal.runs == [0, 0]


def test_a_chain_survives_kill_9_in_the_middle_of_its_activities(tmp_path: Path, journal: Journal) -> None:
    killed_in = (0, 2, 3, 5)
    with ExitStack() as hosts:

        def start() -> HostProcess:
            return hosts.enter_context(HostProcess(tmp_path / "state.db", journal.environment))

        host = start()
        httpx.post(f"{host.address}/start/journaled?id=j", json=CHAIN).raise_for_status()
        for number in range(CHAIN):
            if number in killed_in:
                journal.kill_while_running(number, host)
                host = start()
            journal.let_go(number)
        status = await_result(host, "j").json()

    assert status["runtimeStatus"] == "Completed"
    assert status["output"] == list(range(CHAIN))
    assert sorted(journal.runs) == sorted([*range(CHAIN), *killed_in])


def test_an_app_that_cannot_be_served_ends_the_start_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text(
        "import azure.functions as func\n"
        "app = func.FunctionApp()\n"
        "@app.queue_trigger(arg_name='m', queue_name='q', connection='c')\n"
        "def job(m): ...\n"
    )
    with HostProcess(tmp_path / "state.db", dict(os.environ), app=tmp_path) as host:
        assert host.wait() == 1
        assert host.first_line == ""
        assert "function 'job' has a queueTrigger, which the local Functions host does not serve" in host.log


def test_a_second_host_on_a_database_is_refused_by_name_and_the_next_one_is_not(
    tmp_path: Path, journal: Journal
) -> None:
    database = tmp_path / "state.db"
    with HostProcess(database, journal.environment) as first:
        with HostProcess(database, journal.environment) as second:
            assert second.wait() == 1
            assert second.first_line == ""
            assert re.search(rf"another host \(process \d+\) runs on {database}: stop it", second.log)
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
    with HostProcess(database, journal.environment) as next_one:
        assert next_one.address
