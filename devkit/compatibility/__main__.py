"""Write docs/compatibility.md."""

from pathlib import Path

from devkit.compatibility.document import document

FILE = Path(__file__).parents[2] / "docs" / "compatibility.md"

FILE.write_text(document(), encoding="utf-8")
print(f"wrote {FILE}")  # noqa: T201 - it is a command
