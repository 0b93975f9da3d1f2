"""Timestamps and statuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devkit.host.protocol import RuntimeStatus, format_timestamp, from_micros, parse_timestamp, to_micros

MOMENTS = st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the zone


@given(MOMENTS)
def test_a_moment_survives_text_and_microseconds(moment: datetime) -> None:
    assert parse_timestamp(format_timestamp(moment)) == moment
    assert from_micros(to_micros(moment)) == moment


def test_text_is_utc_with_microseconds() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    assert format_timestamp(moment) == "2026-01-02T01:04:05.000000Z"
    assert parse_timestamp("2026-01-02T01:04:05") == moment


@pytest.mark.parametrize("status", RuntimeStatus)
def test_only_three_statuses_are_terminal(status: RuntimeStatus) -> None:
    assert status.terminal == (status.value in ("Completed", "Failed", "Terminated"))
