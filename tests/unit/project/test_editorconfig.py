from __future__ import annotations

import re

from tests.unit.project.files import ROOT, read, tracked

TEXT = {".py", ".md", ".sh", ".toml", ".yml", ".yaml", ".bicep"}


def test_files_are_as_editorconfig_says() -> None:
    assert "trim_trailing_whitespace = true" in read(".editorconfig")
    wrong = []
    for path in tracked():
        file = ROOT / path
        if file.suffix not in TEXT or path.startswith("tests/golden/") or file.is_symlink():
            continue
        text = file.read_bytes()
        if b"\r" in text or re.search(rb"[ \t]$", text, re.MULTILINE) or (text and not text.endswith(b"\n")):
            wrong.append(path)
    assert wrong == []
