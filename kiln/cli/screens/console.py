"""The two consoles: results go to stdout, failures to stderr.

It owns how text is laid out everywhere: never re-wrapped, so that ids can be copied, and nothing read as markup. What
others wrote (names, messages, a guest's output) never reaches a terminal as a command to it.
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
"""Columns; wider than any line, as rich would cut the branches of a tree at the terminal's edge."""


class PlainConsole(Console):
    """A console to which text is text: rich's own styles alone become commands to the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the segments of what is printed, their control characters written out."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


def stdout() -> Console:
    """Return a console on standard output."""
    return PlainConsole(highlight=False, markup=False, emoji=False, soft_wrap=True, width=WIDE)


def stderr() -> Console:
    """Return a console on standard error."""
    return PlainConsole(highlight=False, markup=False, emoji=False, soft_wrap=True, width=WIDE, stderr=True)


def screen() -> Console:
    """Return a console on standard output that is as wide as the terminal, for what is drawn again and again."""
    return PlainConsole(highlight=False, markup=False, emoji=False)


def pour(text: str) -> None:
    """Write text of others to standard output: as it is into a file or a pipe, on a terminal with controls written out.

    On a terminal a lone carriage return, by which a progress bar begins its line anew, begins a line.
    """
    if sys.stdout.isatty():
        text = printable(text.replace("\r\n", "\n").replace("\r", "\n"))
    sys.stdout.write(text)
    sys.stdout.flush()


def aligned(rows: Sequence[Sequence[tuple[str, str]]]) -> Text:
    """Return rows of (text, style) cells in columns as wide as their widest cell, two spaces apart."""
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
