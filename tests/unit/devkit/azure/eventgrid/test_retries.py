"""The retry schedule and the statuses that end it."""

from __future__ import annotations

import pytest

from devkit.azure.eventgrid.retries import (
    RESOLUTION_ERROR,
    SOCKET_ERROR,
    TIMED_OUT,
    Attempt,
    Reason,
    next_step,
    succeeded,
)


def step(status: int, *, attempts: int = 1, most: int = 30, endpoint: str = "WebHook") -> float | Reason:
    return next_step(Attempt.answered(status), endpoint=endpoint, attempts=attempts, most=most)


def test_the_waits_grow_to_twelve_hours() -> None:
    waits = [step(500, attempts=attempts) for attempts in range(1, 13)]
    assert waits == [10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200, 43200, 43200]


@pytest.mark.parametrize("status", [200, 201, 202, 203, 204])
def test_only_200_to_204_are_success(status: int) -> None:
    assert succeeded(Attempt.answered(status))


@pytest.mark.parametrize("status", [205, 206, 301, 302, 404, 500])
def test_everything_else_is_failure(status: int) -> None:
    assert not succeeded(Attempt.answered(status))


@pytest.mark.parametrize(
    ("endpoint", "status", "expected"),
    [
        ("WebHook", 400, Reason.REFUSED),
        ("WebHook", 413, Reason.REFUSED),
        ("WebHook", 401, Reason.REFUSED),
        ("WebHook", 403, Reason.REFUSED),
        ("WebHook", 404, 10),
        ("WebHook", 408, 120),
        ("WebHook", 503, 30),
        ("AzureFunction", 400, Reason.REFUSED),
        ("AzureFunction", 401, 300),
        ("AzureFunction", 404, 300),
        ("AzureFunction", 500, 10),
    ],
)
def test_a_status_decides_as_documented(endpoint: str, status: int, expected: float | Reason) -> None:
    assert step(status, endpoint=endpoint) == expected


def test_the_last_attempt_is_the_last() -> None:
    assert step(500, attempts=29) == 43200
    assert step(500, attempts=30) is Reason.ATTEMPTS
    assert step(500, attempts=1, most=1) is Reason.ATTEMPTS


@pytest.mark.parametrize("attempt", [TIMED_OUT, SOCKET_ERROR, RESOLUTION_ERROR])
def test_no_answer_is_retried(attempt: Attempt) -> None:
    assert next_step(attempt, endpoint="WebHook", attempts=1, most=30) == 10
