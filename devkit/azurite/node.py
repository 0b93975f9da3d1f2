"""Finds Node.js for Azurite: the virtual environment's own first, then the system's.

It must not install anything, nor know what is run with it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = 18
"""The oldest major version on which the pinned Azurite was seen to work."""


class NodeMissing(RuntimeError):
    """There is no Node.js, or only one that is too old; the message says what to do."""


def find_node() -> Path:
    """Return the path of a Node.js that can run Azurite. Raises NodeMissing."""
    too_old = []
    for candidate in (shutil.which("node", path=str(Path(sys.executable).parent)), shutil.which("node")):
        if candidate is None:
            continue
        version = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        if int(version.removeprefix("v").split(".", 1)[0]) >= OLDEST:
            return Path(candidate)
        too_old.append(f"{candidate} is {version}")
    found = "; ".join(too_old) or "none is in the virtual environment or on the PATH"
    raise NodeMissing(f"Azurite needs Node.js {OLDEST} or newer, but {found}: run `make setup`")
