"""Scripts for Linux run as managed Run Command does, on this machine, in a folder of the test's own."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Ended:
    """The end of a script, and its output to the byte."""

    returncode: int
    stdout: str
    stderr: str


def run(script: str, folder: Path, *, path: str = PATH, **environment: str) -> Ended:
    """Run `script` by bash, without `-e`, in `folder`."""
    file = folder / "script.sh"
    file.write_text(script)
    file.chmod(0o755)
    result = subprocess.run(
        ["/bin/bash", "-c", str(file)],
        check=False,
        capture_output=True,
        cwd=folder,
        env={"PATH": path, **environment},
    )
    return Ended(result.returncode, result.stdout.decode(), result.stderr.decode())


def served(folder: Path, content: bytes) -> str:
    """Return a URL that this content can be fetched from."""
    source = folder / "served"
    source.write_bytes(content)
    return source.as_uri()
