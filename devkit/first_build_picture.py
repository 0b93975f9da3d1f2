"""Draws docs/first-build.svg, the picture in README.md, from a recorded `make demo`.

    script --log-out demo.typescript --command 'stty cols 95; make demo VERIFY=1'
    python -m devkit.first_build_picture demo.typescript

The times in README.md's table are to be of the same run. This owns what a terminal shows at the end of a recording; it
must not know what `kiln build` prints.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "docs" / "first-build.svg"
COLUMNS = 95
COMMAND = "$ kiln build examples/hello-linux.json"
_BEGIN, _END = "==> Build:", "==> "
_CONTROL = re.compile(r"(\x1b\[[0-9;?]*[A-Za-z]|\r|\n)")
_UP = re.compile(r"\x1b\[(\d*)A")
_CLEAR_LINE = "\x1b[2K"
_THEME = TerminalTheme(
    (27, 32, 39),
    (214, 219, 225),
    [
        (27, 32, 39),
        (240, 141, 132),
        (126, 198, 153),
        (229, 192, 123),
        (122, 162, 247),
        (187, 154, 247),
        (125, 207, 255),
        (214, 219, 225),
    ],
)
# Unlike rich's own format it loads no font from elsewhere, which a page that shows the picture would not allow.
_FORMAT = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="A build with kiln">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def screen(recorded: str) -> list[str]:
    """Return the lines that a terminal shows after what was written to it, with their colours as escape sequences.

    It knows what rich does: colours, and lines that are cleared before they are written anew.
    """
    lines, row = [""], 0
    for part in _CONTROL.split(recorded):
        if part == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif part == _CLEAR_LINE:
            lines[row] = ""
        elif up := _UP.fullmatch(part):
            row -= int(up[1] or 1)
        elif part.endswith("m") or not part.startswith(("\x1b", "\r")):
            lines[row] += part
    return lines


def build_of(lines: list[str]) -> list[str]:
    """Return the lines of `kiln build` among those of a demo. Raises `ValueError` if there is no build."""
    begin = next((at for at, line in enumerate(lines) if line.startswith(_BEGIN)), None)
    if begin is None:
        raise ValueError("the recording has no build: record `make demo`")
    rest = lines[begin + 1 :]
    end = next((at for at, line in enumerate(rest) if line.startswith(_END)), len(rest))
    return [COMMAND, *rest[:end]]


def drawn(lines: list[str]) -> str:
    """Return the lines as an SVG picture of a terminal."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False, force_terminal=True)
    for line in lines:
        text = Text.from_ansi(line)
        text.rstrip()
        console.print(text, overflow="fold")
    return console.export_svg(title="", theme=_THEME, code_format=_FORMAT, unique_id="kiln")


def main() -> None:
    """Draw the picture from the recording that the command line names."""
    recorded = Path(sys.argv[1]).read_bytes().decode()  # not as text, whose lines end at a carriage return, too
    PICTURE.write_text(drawn(build_of(screen(recorded))), encoding="utf-8")
    sys.stdout.write(f"wrote {PICTURE}\n")


if __name__ == "__main__":
    main()
