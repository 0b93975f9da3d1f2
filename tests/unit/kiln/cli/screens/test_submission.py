from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

from kiln.cli.follow import Seen
from kiln.cli.screens import submission as screens
from kiln.cli.screens.console import PlainConsole
from kiln.cli.views import TemplateView
from tests.unit.kiln.cli import scenes

if TYPE_CHECKING:
    import pytest


def shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> tuple[str, str]:
    """Return the texts on the plain console, and on that of the spinner, while a template is submitted."""
    plain, spinner = io.StringIO(), io.StringIO()
    monkeypatch.setattr(screens, "stdout", lambda: PlainConsole(file=plain, force_terminal=terminal, width=80))
    monkeypatch.setattr(screens, "screen", lambda: PlainConsole(file=spinner, force_terminal=terminal, width=80))
    seconds = iter((0, 5))
    with screens.submission("hello-linux", lambda: scenes.START + timedelta(seconds=next(seconds))) as show:
        show(Seen(TemplateView(name="hello-linux", location="westeurope")))
    return plain.getvalue(), spinner.getvalue()


def test_elsewhere_than_on_a_terminal_beginning_and_end_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, spinner = shown(monkeypatch, terminal=False)

    assert spinner == ""
    assert plain.splitlines() == [
        "Submitting hello-linux",
        "    0.0 s  submit      started",
        "    5.0 s  submit      succeeded after 5.0 s",
    ]


def test_on_a_terminal_the_end_goes_through_the_spinners_console_which_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain, spinner = shown(monkeypatch, terminal=True)

    assert plain == "Submitting hello-linux\n"
    assert "succeeded after" in spinner
