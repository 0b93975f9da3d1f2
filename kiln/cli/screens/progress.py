"""The progress of a run: a table that ticks on a terminal, one plain line for each change elsewhere.

It decides what is shown and when; follow.py gets the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from kiln.cli import wording
from kiln.cli.follow import Seen, Trouble
from kiln.cli.screens.console import screen, stdout
from kiln.cli.screens.phases import phase_rows
from kiln.cli.screens.result import STYLES
from kiln.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from types import TracebackType

    from rich.console import Console, RenderableType

    from kiln.cli.views import PhaseView, RunView

MARKS = {"Succeeded": "✓", "PartiallySucceeded": "~", "Failed": "✗", "Canceled": "■", "Waiting": "·", "Skipped": "-"}
ASCII_MARKS = {
    "Succeeded": "+",
    "PartiallySucceeded": "~",
    "Failed": "x",
    "Canceled": "#",
    "Waiting": ".",
    "Skipped": "-",
}
NAME_WIDTH = 11
"""The width of the longest phase's name, `generalize` or `distribute`, and one space."""

ECHO_WIDTH = 4


class Progress(Protocol):
    """A display of a run, used in a `with` block."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state on the screen."""

    def show(self, event: Seen[RunView] | Trouble) -> None:
        """Show what follow.py yields."""


def progress(template: str, now: Callable[[], datetime]) -> Progress:
    """Return the display that suits standard output."""
    console = stdout()
    return LiveProgress(template, now) if console.is_terminal else PlainProgress(template, now, console)


class PlainProgress:
    """A display of one line for each change, with the seconds since the run began."""

    def __init__(self, template: str, now: Callable[[], datetime], console: Console) -> None:
        self._template = template
        self._now = now
        self._console = console
        self._run: RunView | None = None

    def __enter__(self) -> Self:
        """Begin to show."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open."""

    def show(self, event: Seen[RunView] | Trouble) -> None:
        """Print a line for each thing that changed since the last event."""
        match event:
            case Trouble():
                self._line(None, f"{event.reason} Trying again in {wording.duration(event.retry_in)}.")
            case Seen(found=run):
                self._changes(run)
                self._run = run

    def _changes(self, run: RunView) -> None:
        if self._run is None:
            self._console.print(Text(f"Building {self._template}, run {run.id}"))
        known = {phase.name: phase for phase in self._run.phases} if self._run else {}
        canceling = run.run_state == "Canceling" and (self._run is None or self._run.run_state != "Canceling")
        if canceling:
            self._line(run, "canceling")
        for phase in run.phases:
            self._phase(run, phase, known.get(phase.name))

    def _phase(self, run: RunView, phase: PhaseView, before: PhaseView | None) -> None:
        name = f"{phase.name:<{NAME_WIDTH}}"
        if before is None:
            self._line(run, f"{name} started", phase.start_time)
        if phase.note and (before is None or before.note != phase.note):
            self._line(run, f"{name} {phase.note}", phase.end_time)
        if phase.end_time and (before is None or before.end_time is None):
            took = wording.between(phase.start_time, phase.end_time)
            state = wording.state(phase.state)
            why = f": {wording.first_sentence(phase.error.message)}" if phase.error else ""
            self._line(run, f"{name} {state} after {took}{why}", phase.end_time)

    def _line(self, run: RunView | None, text: str, at: datetime | None = None) -> None:
        """Print one line; `at` is the server's time of the change, if it has one.

        Without it the line has the time of this machine, whose clock may be behind the server's: so no earlier than the
        line before.
        """
        run = run or self._run
        seconds = 0.0
        if run:
            moment = at or max(self._now(), run.start_time, *(phase.start_time for phase in run.phases))
            seconds = (moment - run.start_time).total_seconds()
        self._console.print(Text(f"{seconds:7.1f} s  {one_line(text)}"))


class LiveProgress:
    """A display that redraws a table of phases several times a second, so that times tick."""

    def __init__(self, template: str, now: Callable[[], datetime]) -> None:
        self._template = template
        self._now = now
        self._event: Seen[RunView] | Trouble | None = None
        self._run: RunView | None = None
        console = screen()
        self._ascii = console.options.ascii_only
        self._spinner = Spinner("line" if self._ascii else "dots", style="cyan")
        self._live = Live(get_renderable=self.render, console=console, refresh_per_second=8)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last table on the screen."""
        self._live.__exit__(kind, error, trace)

    def show(self, event: Seen[RunView] | Trouble) -> None:
        """Take the newest state; the next frame draws it."""
        if isinstance(event, Seen):
            self._run = event.found
        self._event = event
        self._live.refresh()

    def render(self) -> RenderableType:
        """Return the frame of this moment."""
        if self._run is None:
            return Text(f"Building {self._template} ...")
        now = self._now()
        parts: list[RenderableType] = [self._title(self._run, now), self._table(self._run, now)]
        if isinstance(self._event, Trouble):
            parts.append(Text(f"{self._event.reason} Trying again.", style="yellow"))
        return Group(*parts)

    def _title(self, run: RunView, now: datetime) -> Text:
        title = Text(self._template, style="bold")
        title.append(f"  run {run.id}  ", style="default not bold")
        title.append(run.run_state, style=STYLES.get(run.run_state, ""))
        return title.append(f"  {wording.ticking(run.elapsed(now))}", style="default not bold")

    def _table(self, run: RunView, now: datetime) -> Table:
        # Narrower than the screen: the ^C that a terminal echoes must not wrap, or the next frame is a line too low.
        table = Table.grid(padding=(0, 2, 0, 0))
        table.width = self._live.console.width - ECHO_WIDTH
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", min_width=9, no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        marks = ASCII_MARKS if self._ascii else MARKS
        for row in phase_rows(run, now):
            mark: RenderableType = self._spinner
            if row.state != "Running":
                mark = Text(marks.get(row.state, "?"), style=STYLES.get(row.state, "dim"))
            style = "dim" if row.state in {"Waiting", "Skipped"} else ""
            table.add_row(mark, Text(row.name, style=style), Text(row.elapsed), Text(one_line(row.note), style="dim"))
        return table
