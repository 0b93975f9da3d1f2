"""A machine's process is recognised, waited for and ended, whoever started it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from devkit.guests.port import GuestError
from devkit.guests.qemu.guests import reap
from devkit.guests.qemu.process import QemuProcess
from devkit.guests.qemu.tools import run_tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(name="pid_file")
def _pid_file(tmp_path: Path) -> Path:
    directory = tmp_path / "guests" / "abc"
    directory.mkdir(parents=True)
    return directory / "qemu.pid"


@pytest.fixture(name="stand_in")
def _stand_in(pid_file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process with the pid file in its command line, as QEMU has it."""
    command = [sys.executable, "-c", "print(flush=True); input()", str(pid_file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # from here on the kernel shows its command line
        pid_file.write_text(f"{process.pid}\n")
        yield process
        process.kill()


@pytest.mark.usefixtures("stand_in")
def test_a_running_process_is_found_by_its_pid_file_and_killed(pid_file: Path) -> None:
    async def scenario() -> None:
        process = QemuProcess.find(pid_file)
        assert process is not None
        await process.kill()
        await process.kill()
        assert QemuProcess.find(pid_file) is None

    asyncio.run(scenario())


def test_waiting_ends_with_the_process(pid_file: Path, stand_in: subprocess.Popen[bytes]) -> None:
    async def scenario() -> None:
        process = QemuProcess.find(pid_file)
        assert process is not None
        waiting = [asyncio.create_task(process.wait()) for _ in range(2)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        stand_in.communicate(b"\n")
        await asyncio.wait_for(asyncio.gather(*waiting), 10)

    asyncio.run(scenario())


def test_a_process_id_that_now_belongs_to_another_program_is_not_taken_for_the_machine(pid_file: Path) -> None:
    pid_file.write_text(str(os.getpid()))
    assert QemuProcess.find(pid_file) is None


@pytest.mark.usefixtures("stand_in")
def test_reaping_ends_machines_of_an_earlier_process(pid_file: Path, tmp_path: Path) -> None:
    assert asyncio.run(reap(tmp_path)) == 1
    assert asyncio.run(reap(tmp_path)) == 0
    assert QemuProcess.find(pid_file) is None


def test_a_failing_tool_is_reported_with_its_last_lines() -> None:
    with pytest.raises(GuestError, match=r"sh failed \(3\): the reason"):
        asyncio.run(run_tool("sh", "-c", "echo the reason >&2; exit 3"))


def test_a_tool_that_hangs_is_ended(tmp_path: Path) -> None:
    script = f"echo $$ > {tmp_path}/pid; exec sleep 1000"
    with pytest.raises(GuestError, match="did not end within"):
        asyncio.run(run_tool("sh", "-c", script, limit=0.5))
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_missing_tool_is_named() -> None:
    with pytest.raises(GuestError, match="no-such-tool is not installed"):
        asyncio.run(run_tool("no-such-tool"))
