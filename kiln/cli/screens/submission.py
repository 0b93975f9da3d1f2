"""The progress of a submission: a spinner on a terminal, one line for its beginning and its end elsewhere.

It decides what is shown; follow.py gets the template.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.text import Text

from kiln.cli import wording
from kiln.cli.follow import Seen, Trouble
from kiln.cli.screens.console import screen, stdout
from kiln.cli.screens.progress import NAME_WIDTH
from kiln.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from rich.console import Console

    from kiln.cli.views import TemplateView

PHASE = f"{'submit':<{NAME_WIDTH}}"


@contextmanager
def submission(template: str, now: Callable[[], datetime]) -> Iterator[Callable[[Seen[TemplateView] | Trouble], None]]:
    """Yield a function that shows each event of a submission; its end is a line on a terminal, too."""
    began = now()
    told = stdout()
    console = screen() if told.is_terminal else told  # a line below a spinner must use the spinner's console

    def show(event: Seen[TemplateView] | Trouble) -> None:
        elapsed = (now() - began).total_seconds()
        match event:
            case Trouble():
                _line(console, elapsed, f"{event.reason} Trying again in {wording.duration(event.retry_in)}.")
            case Seen(found=found) if found.is_over:
                _line(console, elapsed, f"{PHASE} {found.provisioning_state.lower()} after {wording.duration(elapsed)}")

    told.print(Text(f"Submitting {template}"))
    if console.is_terminal:
        with console.status(PHASE.strip()):
            yield show
    else:
        _line(console, 0.0, f"{PHASE} started")
        yield show


def _line(console: Console, seconds: float, text: str) -> None:
    console.print(Text(f"{seconds:7.1f} s  {one_line(text)}"))
