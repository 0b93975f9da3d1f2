"""`kiln local up` in a process of its own, and the `kiln` command beside it, as a user has them in two terminals."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

KILN = Path(sys.executable).with_name("kiln")
ANY_PORTS = ("--port", "0", "--azure-port", "0", "--azurite-port", "0")
SECONDS = 60


class LocalKiln:
    """A running `kiln local up`."""

    def __init__(self, data: Path, *options: str, guests: str = "scripted") -> None:
        self.data = data
        self.process = subprocess.Popen(
            [KILN, "local", "up", "--guests", guests, "--data", data, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ready(self) -> str:
        assert self.process.stdout is not None
        match = re.fullmatch(r"ready (\S+)\n", self.process.stdout.readline())
        assert match, self.process.communicate()[1]
        return match[1]

    def endpoints(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.data / "endpoints.json").read_text())
        return found

    def stderr_until(self, text: str) -> str:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if text in line:
                return line
        pytest.fail(f"ended without saying {text!r}")

    def children(self) -> list[int]:
        main = self.process.pid
        return [int(pid) for pid in Path(f"/proc/{main}/task/{main}/children").read_text().split()]

    def child(self, part: str) -> int:
        return next(pid for pid in self.children() if part in Path(f"/proc/{pid}/cmdline").read_text())


@contextmanager
def local_kiln(data: Path, *options: str, guests: str = "scripted") -> Iterator[LocalKiln]:
    running = LocalKiln(data, *options, guests=guests)
    try:
        yield running
    finally:
        running.process.terminate()
        running.process.communicate(timeout=SECONDS)


def kiln(*arguments: object, seconds: float = SECONDS) -> subprocess.CompletedProcess[str]:
    return subprocess.run([KILN, *map(str, arguments)], capture_output=True, text=True, timeout=seconds, check=False)
