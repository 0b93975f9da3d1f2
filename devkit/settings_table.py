"""Tables of the app's settings in docs/: made from the model, by `python -m devkit.settings_table`.

A page has each table between `<!-- settings: NAME PATTERN ... -->`, which names its settings, and `<!-- /settings -->`.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from devkit.compatibility.document import markdown
from kiln.config import SETTINGS

if TYPE_CHECKING:
    from kiln.config.setting import AppSetting

DOCS = Path(__file__).parents[1] / "docs"
HEAD = ("setting", "default", "what it takes", "what it is for")
_PLACE = re.compile(r"(<!-- settings: (.*) -->\n).*?(<!-- /settings -->)", re.DOTALL)


def filled(page: str) -> str:
    """Return a page with its tables as the model has them now. Raises `ValueError` for a pattern of no setting."""
    return _PLACE.sub(lambda place: f"{place[1]}\n{_table(place[2].split())}\n{place[3]}", page)


def _table(patterns: list[str]) -> str:
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in SETTINGS):
            raise ValueError(f"no setting matches {pattern}")
    names = [name for name in SETTINGS if any(fnmatchcase(name, pattern) for pattern in patterns)]
    return markdown(HEAD, [_line(SETTINGS[name]) for name in names])


def _line(setting: AppSetting) -> tuple[str, ...]:
    mark = setting.mark
    default = f"`{setting.default}`" if setting.default else "none"
    if mark.unset:
        default = f"none: {mark.unset}"
    if setting.required:
        default = "none: required"
    return f"`{mark.name}`", default, setting.accepts, mark.meaning.removesuffix(".")


if __name__ == "__main__":
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if _PLACE.search(text):
            path.write_text(filled(text), encoding="utf-8")
            print(f"wrote {path}")  # noqa: T201 - it is a command
