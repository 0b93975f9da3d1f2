"""Processes of hosts and local Azures, forked from one that has imported everything, which saves two seconds each.

Two stems take turns, for each Python has a hash seed of its own: the next host iterates over sets in another order.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import select
import signal
import subprocess
import sys
import weakref
from typing import TYPE_CHECKING, Self

from devkit.child import ChildFailed
from tests.waiting import SHORTEST, until

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

STEMS = 2
MODULES = (
    *("triggers", "orchestrators", "activities", "devkit.host.__main__", "devkit.host.work", "_strptime"),
    *("devkit.local.azure", "devkit.guests.scripted.guests", "tests.faults.crash_hurry"),
    # Packages that Kiln imports when it first needs them.
    *("azure.eventgrid", "azure.identity", "azure.storage.blob", "httpx", "jwt", "encodings.idna"),
    *("azure.mgmt.compute", "azure.mgmt.network", "azure.mgmt.resource.resources", "azure.mgmt.storage"),
)
_STOP_SECONDS = 20.0


class Fork:
    """A forked process: the interface of `devkit.child.Child` for one that is no child of this process."""

    def __init__(self, pid: int, log: Path, log_start: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)
        weakref.finalize(self, os.close, self._handle)
        self._log, self._log_start = log, log_start

    def wait_for(self, line: re.Pattern[str], *, timeout: float) -> re.Match[str]:
        """Wait for a line of output that contains `line` and return the match. Raises ChildFailed if it ends before."""

        def found() -> re.Match[str] | None:
            ended = self.has_ended()
            matches = [match for written in self.output().splitlines() if (match := line.search(written))]
            if ended and not matches:
                raise ChildFailed(f"process {self.pid} ended before it was ready (log: {self._log})\n{self.output()}")
            return matches[0] if matches else None

        match: re.Match[str] = until(found, within=timeout, longest=SHORTEST)
        return match

    def output(self) -> str:
        """Return what this process has written so far, both streams."""
        return self._log.read_bytes()[self._log_start :].decode(errors="replace")

    def has_ended(self, *, within: float = 0.0) -> bool:
        """Return whether it has ended, at the latest after so many seconds."""
        return bool(select.select([self._handle], [], [], within)[0])

    def kill(self) -> None:
        """Kill it by SIGKILL, and return once it is dead."""
        if not self._ends_by(signal.SIGKILL):
            raise ChildFailed(f"process {self.pid} lives on after SIGKILL")

    def stop(self) -> None:
        """Send SIGTERM and wait; it may be dead already. Raises ChildFailed if only SIGKILL ended it."""
        if not self._ends_by(signal.SIGTERM):
            self.kill()
            raise ChildFailed(f"process {self.pid} ignored SIGTERM and was killed (log: {self._log})")

    def _ends_by(self, number: signal.Signals) -> bool:
        with contextlib.suppress(ProcessLookupError):  # it has ended
            signal.pidfd_send_signal(self._handle, number)
        return self.has_ended(within=_STOP_SECONDS)


class Forks:
    """The two stems, from which processes are forked; a context manager. All processes end with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """`environment` is that of the imports; it must be the same in all processes to come."""
        self._environment = dict(environment)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as starting:
            stems = [starting.enter_context(self._stem()) for _ in range(STEMS)]
            for stem in stems:
                if (said := _line(stem)) != "ready":
                    raise ChildFailed(f"a stem said {said!r}")
            self._turns = itertools.cycle(stems)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()  # closes the input of each, and waits

    def _stem(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "tests.faults.crash_stem", *MODULES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment,
            process_group=0,
            text=True,
        )

    def start(self, command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> Fork:
        """Start `python -m MODULE ARGUMENTS`."""
        python, option, module, *arguments = command
        assert (python, option) == (sys.executable, "-m")
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch()
        written, stem = log.stat().st_size, next(self._turns)
        order = {"module": module, "arguments": arguments, "environment": dict(environment), "log": str(log)}
        assert stem.stdin is not None
        stem.stdin.write(json.dumps(order) + "\n")
        stem.stdin.flush()
        return Fork(int(_line(stem)), log, written)


def _line(stem: subprocess.Popen[str]) -> str:
    assert stem.stdout is not None
    return stem.stdout.readline().strip()
