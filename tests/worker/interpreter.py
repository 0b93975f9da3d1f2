"""The Python that Microsoft's worker needs, found where people keep theirs, or not at all."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "3.13"
"""The oldest that azure-functions-runtime runs on, and one that Azure Functions offers."""
PLACES = "on PATH, among pyenv's versions, or by `uv python find`"
_SECONDS = 60


@functools.cache
def interpreter() -> Path | None:
    """Return the first Python of that version that can make virtual environments, or None."""
    return next((found for found in _candidates() if _is_usable(found)), None)


def absence() -> str:
    """Return the message of a check that cannot be made without that Python."""
    return f"NOT CHECKED: there is no Python {VERSION} with venv here ({PLACES}), and Microsoft's worker needs it"


def _candidates() -> Iterator[Path]:
    name = f"python{VERSION}"
    for directory in os.get_exec_path():
        if on_path := shutil.which(name, path=directory):
            yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted((pyenv / "versions").glob(f"{VERSION}.*/bin/{name}"), reverse=True)
    uv = Path(sys.executable).with_name("uv")
    if uv.exists():
        found = _said([str(uv), "python", "find", "--no-python-downloads", "--no-project", VERSION])
        if found:
            yield Path(found)


def _is_usable(python: Path) -> bool:
    """Tell whether it is what its name says: pyenv's shims are on PATH for versions that are not chosen."""
    code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    return _said([str(python), "-c", code]) == VERSION


def _said(command: list[str]) -> str | None:
    """Return the output of a command, or None if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
