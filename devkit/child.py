"""Child processes of the devkit: started into a log file, watched for readiness, stopped with SIGTERM.

It must not know what the children are; commands, readiness lines and restarts are their owners' business.
"""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_POLL_SECONDS = 0.02
_TAIL_LINES = 15


class ChildFailed(RuntimeError):
    """A child process ended, or did not become ready in time; the message ends with what it last said."""


class Child:
    """A running child process that never outlives its parent.

    `setpriv --pdeathsig` asks the kernel to send the child SIGTERM when the *thread* that started it ends,
    however it ends (prctl(2), PR_SET_PDEATHSIG). So the main thread alone may start children.
    """

    def __init__(self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> None:
        """Start `command`. Raises RuntimeError in any thread but the main one."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(f"{name} would end with {threading.current_thread().name}: start it in the main thread")
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._log_start = output.tell()
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                process_group=0,  # Ctrl-C reaches the parent alone, which stops its children in order
            )

    def output(self) -> str:
        """Return what this process has written so far, both streams."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def wait_for(self, line: re.Pattern[str], *, timeout: float) -> re.Match[str]:
        """Wait up to `timeout` seconds for a line of output that contains `line` and return the match.

        Raises ChildFailed if the process ends before, or the time is over; then it was stopped.
        """
        deadline = time.monotonic() + timeout
        while True:
            code = self.process.poll()
            for written in self.output().splitlines():
                if match := line.search(written):
                    return match
            if code is not None:
                raise ChildFailed(self._message(f"ended {_how(code)} before it was ready"))
            if time.monotonic() > deadline:
                self.stop()
                raise ChildFailed(self._message(f"was not ready after {timeout:.0f} s and was stopped"))
            time.sleep(_POLL_SECONDS)

    def stop(self, *, timeout: float = 20) -> None:
        """Send SIGTERM and wait. Raises ChildFailed if after `timeout` seconds only SIGKILL ended it."""
        self.process.terminate()
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise ChildFailed(self._message(f"ignored SIGTERM for {timeout:.0f} s and was killed")) from None

    def _message(self, what: str) -> str:
        tail = "\n".join(f"  | {line}" for line in self.output().splitlines()[-_TAIL_LINES:])
        return f"{self.name} {what} (log: {self.log})" + (f"\n{tail}" if tail else "")


def describe_exit(child: Child, code: int) -> str:
    """Say in one line how `child` ended and where its log is."""
    return f"{child.name} ended {_how(code)} (log: {child.log})"


def _how(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
