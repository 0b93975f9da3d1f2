from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.console import Console

from kiln.cli.follow import Seen, Trouble
from kiln.cli.screens.progress import LiveProgress, PlainProgress, progress
from kiln.cli.views import RunView
from tests.unit.kiln.cli import scenes
from tests.unit.kiln.cli.command_line import assert_screen

if TYPE_CHECKING:
    import pytest


def frame(*events: Seen[RunView] | Trouble, seconds: float) -> str:
    """Return the live display's picture at a moment, 80 columns wide."""
    display = LiveProgress("hello-linux", lambda: scenes.START + timedelta(seconds=seconds))
    for event in events:
        display.show(event)
    console = Console(file=io.StringIO(), width=80, record=True, color_system=None)
    console.print(display.render())
    return "".join(f"{line.rstrip()}\n" for line in console.export_text().splitlines())


def seen(properties: dict[str, Any] | Exception) -> Seen[RunView]:
    assert isinstance(properties, dict)
    return Seen(RunView.parse({"name": "20260716-090000-1a2b3c4d", "properties": properties}))


def test_the_live_display_has_a_row_for_each_phase_and_ticks() -> None:
    early = frame(seen(scenes.running("customize", note="release")), seconds=12.9)
    later = frame(seen(scenes.running("customize", note="release")), seconds=13.9)

    assert_screen("live-running", early)
    assert "3 s" in early
    assert "4 s" in later


def test_a_long_note_is_cut_and_takes_no_room_from_the_phases() -> None:
    shown = frame(seen(scenes.running("customize", note="word " * 40)), seconds=12).splitlines()

    assert shown[4].split()[1:4] == ["customize", "2", "s"]
    assert shown[4].endswith("…")
    assert len(shown[4]) <= 80


def test_the_live_display_of_a_failed_run_marks_what_was_never_reached() -> None:
    assert_screen("live-failed", frame(seen(scenes.failed()[-1]), seconds=70))


def test_the_live_display_says_that_the_connection_is_lost_and_keeps_the_rows() -> None:
    shown = frame(seen(scenes.running("stage")), Trouble("No answer from x: reset.", 2.0), seconds=3)

    assert "No answer from x: reset. Trying again." in shown
    assert "provision" in shown


def test_without_a_terminal_the_display_is_plain() -> None:
    assert isinstance(progress("hello", lambda: scenes.START), PlainProgress)


def test_on_a_terminal_the_display_is_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert isinstance(progress("hello", lambda: scenes.START), LiveProgress)
