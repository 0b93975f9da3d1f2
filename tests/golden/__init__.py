"""Golden files, reviewed by a person: `make golden` rewrites them, and the diff is read before it is committed."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent


def assert_golden(name: str, text: str) -> None:
    """Compare `text` with the golden file `name`; with KILN_REWRITE_GOLDEN=1, write the file first."""
    file = FOLDER / name
    if os.environ.get("KILN_REWRITE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"{file} differs; `make golden` rewrites it"
