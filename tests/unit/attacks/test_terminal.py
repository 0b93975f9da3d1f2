from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from rich.live import Live
from rich.table import Table
from rich.text import Text

from kiln.cli.events import EventView
from kiln.cli.faults import Failure
from kiln.cli.graph import Graph
from kiln.cli.screens.console import aligned, pour, screen, stdout
from kiln.cli.screens.events import event_line
from kiln.cli.screens.failure import show_failure
from kiln.cli.screens.graph import graph_mermaid, graph_tree
from kiln.errors import ErrorDetail
from kiln.printable import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Callable

CLEAR = "\x1b[2J\x1b[H"
TITLE = "\x1b]0;owned\x07"
LINK = "\x1b]8;;https://attacker.example\x1b\\here\x1b]8;;\x1b\\"
CLIPBOARD = "\x1b]52;c;cm0gLXJmIC8=\x07"
EIGHT_BIT = "\x9b31m\x9d0;owned\x9c"
BACK = "good\b\b\b\bevil\rover\x7f"
TURNED = "\u202egnp.exe\u2066"
HOSTILE = CLEAR + TITLE + LINK + CLIPBOARD + EIGHT_BIT + BACK + TURNED
COMMANDS = ("\x1b[2J", "\x1b]", "\x07", "\x9b", "\x9d", "\b", "\r", "\x7f", "\u202e", "\u2066")


class Terminal(io.StringIO):
    """The output that a terminal gets."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def shown(show: Callable[[], object]) -> str:
    """Return the text that a terminal gets on standard output and standard error."""
    terminal = Terminal()
    with redirect_stdout(terminal), redirect_stderr(terminal):
        show()
    return terminal.getvalue()


def event(**data: Any) -> EventView:
    return EventView.model_validate(
        {
            "id": "1",
            "type": "Kiln.Build.Failed",
            "source": f"/x/{HOSTILE}",
            "subject": HOSTILE,
            "time": datetime(2026, 11, 22, tzinfo=UTC),
            "data": data,
        }
    )


def graph() -> Graph:
    node = {"id": "a", "name": HOSTILE + "[bold]", "kind": "ImageTemplate", "version": "1\n  n9 --> n9"}
    return Graph.model_validate({"nodes": [node], "edges": []})


def _live() -> None:
    table = Table.grid()
    table.add_row(Text(HOSTILE))
    with Live(table, console=screen(), auto_refresh=False) as live:
        live.refresh()


@pytest.mark.parametrize(
    "show",
    [
        lambda: stdout().print(HOSTILE),
        lambda: stdout().print(Text(HOSTILE, style="bold")),
        lambda: stdout().print(aligned([[(HOSTILE, "bold"), (HOSTILE, "")]])),
        lambda: stdout().print(event_line(event(error={"code": HOSTILE, "message": HOSTILE}, seconds=1))),
        lambda: stdout().print(graph_tree(graph())),
        lambda: show_failure(Failure(HOSTILE, hint=HOSTILE)),
        lambda: show_failure(Failure("x", detail=ErrorDetail(code=HOSTILE, message=HOSTILE, target=HOSTILE))),
        lambda: pour(HOSTILE),
        _live,
    ],
    ids=["text", "styled", "table", "event", "graph", "failure", "error tree", "log", "live"],
)
def test_what_others_wrote_is_no_command_to_the_terminal(show: Callable[[], None]) -> None:
    sent = shown(show)

    assert "owned" in sent
    assert [command for command in COMMANDS if command in sent.replace("\r\x1b[2K", "")] == []


def test_kilns_own_colours_still_are() -> None:
    assert "\x1b[1;31mfine\x1b[0m" in shown(lambda: stdout().print(Text("fine", style="bold red")))


def test_a_log_comes_into_a_file_or_a_pipe_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    pour(f"one\r\n{CLEAR}two\rthree")

    assert capsys.readouterr().out == f"one\r\n{CLEAR}two\rthree"


def test_a_log_on_a_terminal_keeps_its_lines() -> None:
    assert shown(lambda: pour("one\r\n\ttwo\n10 %\r20 %\r\n")) == "one\n\ttwo\n10 %\n20 %\n"


def test_an_event_is_one_line_whatever_its_texts_are() -> None:
    forged = "x\n10:00:00  web               Build.Succeeded"

    line = event_line(event(error={"code": forged, "message": forged}, seconds=1))

    assert shown(lambda: stdout().print(line)).count("\n") == 1


def test_brackets_are_text_and_no_markup() -> None:
    text = "[bold]a[/bold] [link=https://attacker.example]b[/link] :smile:"

    assert shown(lambda: stdout().print(text)) == f"{text}\n"


def test_a_name_cannot_add_to_a_mermaid_chart() -> None:
    drawn = graph_mermaid(graph())

    assert drawn.count("\n") == 1
    assert "\x1b" not in drawn


def test_a_text_keeps_what_can_be_read() -> None:
    assert printable("grün 日本 👩‍💻 a\tb\nc") == "grün 日本 👩‍💻 a\tb\nc"
    assert printable("\x1b[1m\x00\x9b\u2028\ud800") == r"\x1b[1m\x00\x9b\u2028\ud800"
    assert one_line("a\nb\tc") == r"a\nb\tc"
