from __future__ import annotations

import html
import re
from xml.etree import ElementTree as ET

import pytest

from devkit.first_build_picture import COMMAND, PICTURE, build_of, drawn, screen
from tests.unit.project.files import read

RECORDED = (
    "setup: done\r\n==> Build: kiln build hello.json\r\n"
    "\x1b[?25l\x1b[1mhello\x1b[0m  Running  1 s\r\n\x1b[36m⠋\x1b[0m plan"
    "\r\x1b[2K\x1b[1A\x1b[2K\x1b[1mhello\x1b[0m  Succeeded  9 s\r\n\x1b[32m✓\x1b[0m plan\r\n\x1b[?25h"
    "==> Download: kiln download hello\r\n"
)


def words(picture: str) -> str:
    """Return the text of a picture, its spaces plain ones."""
    return html.unescape(re.sub(r"<[^>]*>", "", picture)).replace("\xa0", " ")


def test_a_screen_is_what_is_left_after_lines_were_written_anew() -> None:
    lines = screen(RECORDED)

    assert lines == [
        "setup: done",
        "==> Build: kiln build hello.json",
        "\x1b[1mhello\x1b[0m  Succeeded  9 s",
        "\x1b[32m✓\x1b[0m plan",
        "==> Download: kiln download hello",
        "",
    ]
    assert build_of(lines) == [COMMAND, *lines[2:4]]


def test_a_recording_without_a_build_is_refused() -> None:
    with pytest.raises(ValueError, match="has no build"):
        build_of(screen("setup: done\r\n"))


def test_a_picture_is_svg_that_loads_nothing() -> None:
    picture = drawn(build_of(screen(RECORDED)))

    assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"
    assert set(re.findall(r"https?://[^\"]+", picture)) == {"http://www.w3.org/2000/svg"}
    assert "hello  Succeeded  9 s" in words(picture)
    assert "Running" not in picture


def test_the_table_has_the_time_that_the_picture_shows() -> None:
    (took,) = re.findall(r"^\| the build itself \| (.+) \|$", read("README.md"), re.MULTILINE)

    assert f"Succeeded in {took}, run" in words(PICTURE.read_text(encoding="utf-8"))
