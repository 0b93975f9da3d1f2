"""The two consoles: results go to stdout, failures to stderr.

Text is never re-wrapped, so that ids can be copied, and never read as markup. Control characters in the texts of others
(names, messages, a guest's output) never reach a terminal.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.segment import Segment
from rich.text import Text

from kiln.printable import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import ConsoleOptions, RenderableType


WIDE = 100_000
"""The width in columns: more than any line has, since rich would cut the branches of a tree at the terminal's edge."""


class PlainConsole(Console):
    """A console that writes out control characters in texts; only rich's own styles reach the terminal as commands."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments to print, with control characters written out."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


def stdout() -> Console:
    """Return a console on standard output."""
    return PlainConsole(highlight=False, markup=False, emoji=False, soft_wrap=True, width=WIDE)


def stderr() -> Console:
    """Return a console on standard error."""
    return PlainConsole(highlight=False, markup=False, emoji=False, soft_wrap=True, width=WIDE, stderr=True)


def screen() -> Console:
    """Return a console on standard output that is as wide as the terminal, for screens that are redrawn."""
    return PlainConsole(highlight=False, markup=False, emoji=False)


def pour(text: str) -> None:
    """Write a guest's text to standard output: unchanged to a file or a pipe, with controls written out to a terminal.

    On a terminal a lone carriage return, with which a progress bar redraws its line, begins a new line.
    """
    if sys.stdout.isatty():
        text = printable(text.replace("\r\n", "\n").replace("\r", "\n"))
    sys.stdout.write(text)
    sys.stdout.flush()


def aligned(rows: Sequence[Sequence[tuple[str, str]]]) -> Text:
    """Return rows of (text, style) cells as columns, each as wide as its widest cell, two spaces apart."""
    rows = [[(one_line(text), style) for text, style in row] for row in rows]
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
