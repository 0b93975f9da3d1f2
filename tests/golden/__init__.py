"""Golden files, reviewed by a person: `make golden` rewrites them, and the diff is read before it is committed."""

from __future__ import annotations

import difflib
import os
from itertools import islice
from pathlib import Path

FOLDER = Path(__file__).parent
MOST_LINES = 30


def assert_golden(name: str, text: str) -> None:
    """Compare `text` with the golden file `name`; with KILN_REWRITE_GOLDEN=1, write the file first."""
    file = FOLDER / name
    if os.environ.get("KILN_REWRITE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    golden = file.read_text(encoding="utf-8") if file.exists() else ""
    told = "differs from what the code does" if golden else "is not there yet"
    assert text == golden, f"{file} {told}; `make golden` writes it: read the diff.\n{_difference(golden, text)}"


def _difference(golden: str, text: str) -> str:
    """Return the first lines of the diff, without the names of files."""
    lines = difflib.unified_diff(golden.splitlines(), text.splitlines(), n=1, lineterm="")
    return "\n".join(islice(lines, 2, 2 + MOST_LINES))
