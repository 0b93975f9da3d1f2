"""A short chaos, and one that is interrupted; `make chaos` rages for minutes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.chaos.__main__ import INTERRUPTED, run
from tests.faults.chaos.script import BLOWS, blows
from tests.waiting import until

SEED, STROKES = 24825, 6
PARTS = 6
"""The processes of a chaos, at least: itself, Azurite, two stems, the local Azure, the host."""


def test_a_short_chaos_strikes_each_part_once() -> None:
    script = blows(SEED)
    assert {next(script).kind for _ in range(STROKES)} == set(BLOWS)


@pytest.mark.timeout(600)  # seconds; it ends by blows, however late on a busy machine
def test_all_is_well_after_a_short_chaos(tmp_path: Path) -> None:
    said: list[str] = []
    _, problems = run(tmp_path, SEED, strokes=STROKES, tell=said.append)
    assert problems == [], said


def test_an_interrupted_chaos_leaves_no_process() -> None:
    """SIGTERM is handled as SIGINT is, which Ctrl-C sends."""
    command = [sys.executable, "-m", "tests.faults.chaos", "--seed", str(SEED), "--minutes", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as chaos:
        try:
            assert chaos.stdout is not None
            while "PUT" not in chaos.stdout.readline():
                assert chaos.poll() is None
            assert len(_session(chaos.pid)) >= PARTS
            chaos.terminate()
            said, _ = chaos.communicate()
        finally:
            chaos.kill()
    assert (chaos.returncode, said.splitlines()[-1]) == (INTERRUPTED, "interrupted")
    until(lambda: not _session(chaos.pid))


def _session(leader: int) -> list[int]:
    """Return the processes of a session that have not ended (proc(5), /proc/PID/stat)."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, session, *_ = file.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        if int(session) == leader and state not in "ZX":
            found.append(int(file.parent.name))
    return found
