"""The two consoles: results go to stdout, failures to stderr.

It owns how text is laid out everywhere: never re-wrapped, so that ids can be copied, and nothing read as markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence


WIDE = 100_000
"""Columns; wider than any line, as rich would cut the branches of a tree at the terminal's edge."""


def stdout() -> Console:
    """Return a console on standard output."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True, width=WIDE)


def stderr() -> Console:
    """Return a console on standard error."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True, width=WIDE, stderr=True)


def aligned(rows: Sequence[Sequence[tuple[str, str]]]) -> Text:
    """Return rows of (text, style) cells in columns as wide as their widest cell, two spaces apart."""
    widths = [max(len(row[index][0]) for row in rows) for index in range(len(rows[0]))] if rows else []
    lines = []
    for row in rows:
        line = Text()
        for (text, style), width in zip(row, widths, strict=True):
            line.append(text, style)
            line.append(" " * (width - len(text) + 2))
        line.rstrip()
        lines.append(line)
    return Text("\n").join(lines)
