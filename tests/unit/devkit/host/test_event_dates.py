"""Dates in events, as they reach a function."""

from __future__ import annotations

import pytest

from devkit.host.event_dates import rewritten


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("2021-05-05T09:06:44.000Z", "2021-05-05T09:06:44Z"),
        ("2021-05-05T09:06:44.1234500Z", "2021-05-05T09:06:44.12345Z"),
        ("2021-05-05T09:06:44.1234567", "2021-05-05T09:06:44.1234567"),
        ("2021-05-05T00:06:44.5+01:00", "2021-05-04T23:06:44.5+00:00"),
        ("2021-05-05T09:06:44-0530", "2021-05-05T14:36:44+00:00"),
        ("2021-05-05T09:06:44+02", "2021-05-05T07:06:44+00:00"),
        ("2021-05-05T09:06:44.00", "2021-05-05T09:06:44"),
    ],
)
def test_a_date_is_written_anew(sent: str, seen: str) -> None:
    assert rewritten({"data": [{"2021-05-05T09:06:44.000Z": sent}]}) == {"data": [{"2021-05-05T09:06:44.000Z": seen}]}


@pytest.mark.parametrize(
    "text",
    ["2021-05-05", "2021-05-05 09:06:44.000Z", "2021-13-05T09:06:44.000Z", "2021-05-05T09:06:44.00000000Z",
     "0001-01-01T00:00:00+01:00", "2021-05-05T09:06:44.Z", "1.0.0", "2024.01.10"],
)  # fmt: skip
def test_what_is_no_date_stays_as_it_is(text: str) -> None:
    assert rewritten(text) == text


def test_what_is_no_text_stays_as_it_is() -> None:
    assert rewritten([1, 1.5, None, True]) == [1, 1.5, None, True]
