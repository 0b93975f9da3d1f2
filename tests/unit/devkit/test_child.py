from __future__ import annotations

import os
import re
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from devkit.child import Child, ChildFailed, describe_exit

if TYPE_CHECKING:
    from pathlib import Path

READY = re.compile(r"^ready (\d+)$")


def python(tmp_path: Path, script: str) -> Child:
    return Child(
        "the child", [sys.executable, "-uc", script], log=tmp_path / "logs" / "child.log", environment=os.environ
    )


def test_the_readiness_line_is_found_between_others(tmp_path: Path) -> None:
    child = python(tmp_path, "import signal; print('a'); print('ready 42'); print('b'); signal.pause()")
    assert child.wait_for(READY, timeout=20)[1] == "42"
    child.stop()
    assert child.process.returncode == -signal.SIGTERM


def test_a_readiness_line_of_an_earlier_process_does_not_count(tmp_path: Path) -> None:
    python(tmp_path, "print('ready 1')").process.wait()
    with pytest.raises(ChildFailed, match="ended with exit code 0 before it was ready"):
        python(tmp_path, "print('not yet')").wait_for(READY, timeout=20)


def test_a_child_that_ends_early_is_reported_with_its_last_lines(tmp_path: Path) -> None:
    child = python(tmp_path, "import sys; print('port 7071 is taken', file=sys.stderr); sys.exit(3)")
    with pytest.raises(ChildFailed, match=r"the child ended with exit code 3 (.|\n)*port 7071 is taken"):
        child.wait_for(READY, timeout=20)


def test_a_child_that_is_never_ready_is_stopped(tmp_path: Path) -> None:
    child = python(tmp_path, "import signal; signal.pause()")
    with pytest.raises(ChildFailed, match="was not ready after 0 s and was stopped"):
        child.wait_for(READY, timeout=0)
    assert child.process.returncode == -signal.SIGTERM


def test_a_child_that_ignores_sigterm_is_killed_and_that_is_said(tmp_path: Path) -> None:
    script = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready 1')\nwhile True: signal.pause()"
    )
    child = python(tmp_path, script)
    child.wait_for(READY, timeout=20)
    with pytest.raises(ChildFailed, match="ignored SIGTERM for 0 s and was killed"):
        child.stop(timeout=0.2)
    assert child.process.returncode == -signal.SIGKILL


def test_an_end_by_a_signal_is_told_by_its_name(tmp_path: Path) -> None:
    child = python(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert describe_exit(child, child.process.wait()).startswith("the child ended by SIGKILL")


def test_a_thread_that_may_end_before_the_process_starts_no_child(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="passing") as pool:
        started = pool.submit(python, tmp_path, "import signal; signal.pause()")
        with pytest.raises(RuntimeError, match="the child would end with passing_0"):
            started.result()
