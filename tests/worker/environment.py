"""The virtual environments for Python 3.13: made once in .kiln, and again when their requirements change."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
APP = ROOT / "requirements.txt"
WORKER = Path(__file__).with_name("requirements.txt")
_CACHE = ROOT / ".kiln" / "python"
_SECONDS = 900

log = logging.getLogger("kiln.tests")


@dataclass(frozen=True)
class Environment:
    """A virtual environment under `name` with the packages of the requirements files, in this order."""

    name: str
    files: tuple[Path, ...]

    def python(self, interpreter: Path) -> Path:
        """Return its Python; make the environment first, or wait for another process that does."""
        folder = _CACHE / self.name
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            python = folder / "venv" / "bin" / "python"
            stamp, wanted = folder / "made-of", self._digest(interpreter)
            if not (python.exists() and stamp.exists() and stamp.read_text() == wanted):
                stamp.unlink(missing_ok=True)
                self._make(interpreter, python)
                stamp.write_text(wanted)
        return python

    def _digest(self, interpreter: Path) -> str:
        contents = [str(interpreter.resolve()).encode(), *(file.read_bytes() for file in self.files)]
        return hashlib.sha256(b"\0".join(contents)).hexdigest()

    def _make(self, interpreter: Path, python: Path) -> None:
        """Make it with uv; where that cannot, as with an index that pip alone is told of, with pip."""
        _run([str(interpreter), "-m", "venv", "--clear", str(python.parents[1])])
        uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--quiet", "--python", str(python)]
        try:
            self._install([*uv, "--compile-bytecode"])
        except RuntimeError as error:
            log.warning("uv could not, pip tries it: %s", error)
            self._install([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"])

    def _install(self, command: list[str]) -> None:
        for file in self.files:
            # pip and uv take hashes for all of a call or for none.
            hashes = ["--require-hashes"] if "--hash=" in file.read_text(encoding="utf-8") else []
            _run([*command, *hashes, "--requirement", str(file)])


AS_ON_AZURE = Environment("worker", (APP, WORKER))
"""The app's pins as its deployment installs them, and Microsoft's worker."""
FOR_TESTS = Environment("tests", (APP, ROOT / "requirements-dev.txt"))
"""The packages of Kiln's own tests."""


def _run(command: Iterable[str]) -> None:
    done = subprocess.run(list(command), capture_output=True, text=True, timeout=_SECONDS, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
