from __future__ import annotations

import pytest

from kiln.cli import wording


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (184, "3 min 04 s"),
        (3720, "1 h 02 min"),
    ],
)
def test_durations_read_like_a_clock(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(-1, "0 s"), (9.9, "9 s"), (61.9, "1 min 01 s")])
def test_a_growing_duration_has_whole_seconds(seconds: float, text: str) -> None:
    assert wording.ticking(seconds) == text


@pytest.mark.parametrize(
    ("name", "text"), [("Succeeded", "succeeded"), ("PartiallySucceeded", "partially succeeded"), ("", "")]
)
def test_a_state_reads_as_words(name: str, text: str) -> None:
    assert wording.state(name) == text


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("It ended with exit code 7. Its last output was:\nno space left. ", "It ended with exit code 7."),
        ("no stop\nsecond line", "no stop"),
        ("the version 1.0.7 is not in northeurope.", "the version 1.0.7 is not in northeurope."),
        ("", ""),
    ],
)
def test_a_first_sentence_is_one_line(text: str, first: str) -> None:
    assert wording.first_sentence(text) == first


@pytest.mark.parametrize(
    ("count", "text"), [(512, "512 B"), (1536, "1.5 KiB"), (5 * 1024**2, "5.0 MiB"), (30 * 1024**3, "30.0 GiB")]
)
def test_sizes_have_binary_units(count: int, text: str) -> None:
    assert wording.size(count) == text
