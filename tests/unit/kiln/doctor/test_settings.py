"""Slips in the names of settings, beside the ones that the deployment sets and without; and timers' schedules."""

from __future__ import annotations

import pytest

from kiln.doctor.settings import KNOWN, SCHEDULES, _of_schedules, _slips

DEPLOYED = dict.fromkeys(KNOWN, "")


def told(*names: str, deployed: bool) -> dict[str, str]:
    """Return what is told of these names, by name: its mend."""
    environment = dict.fromkeys(names, "x") | (DEPLOYED if deployed else {})
    return {found.target: found.mend for found in _slips(environment)}


@pytest.mark.parametrize("name", KNOWN)
def test_a_letter_too_few_is_told_though_the_deployment_sets_what_is_meant(name: str) -> None:
    assert told(name[:-1], deployed=True) == {name[:-1]: f"{name} may be meant."}


@pytest.mark.parametrize("slip", ["KILN_RAECH", "KILN_REACHES", "kiln_reach", "KILN_REECH"])
@pytest.mark.parametrize("deployed", [True, False])
def test_other_slips_are_told(slip: str, *, deployed: bool) -> None:
    assert told(slip, deployed=deployed) == {slip: "KILN_REACH may be meant."}


def test_a_name_that_is_only_like_one_is_told_where_that_one_is_not_set() -> None:
    assert told("KILN_AUDIENCES", deployed=False) == {"KILN_AUDIENCES": "KILN_AUTH_AUDIENCES may be meant."}
    assert told("KILN_AUDIENCES", deployed=True) == {}


@pytest.mark.parametrize("name", ["KILN_ENDPOINT", "KILN_SCOPE", "KILN_TOKEN", "KILN_CA_FILE", "PATH", *KNOWN])
def test_nothing_is_told_of_other_settings(name: str) -> None:
    assert told(name, deployed=True) == {}


@pytest.mark.parametrize("text", ["", "*/30 * * * * *", "0 */15 * * * *", "5 4 * * *", "0,30 0 3 * * MON-FRI"])
def test_nothing_is_told_of_a_schedule_that_a_timer_takes(text: str) -> None:
    assert list(_of_schedules(dict.fromkeys(SCHEDULES, text))) == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "at noon",
            "99 0 3 * * *",
            "x 0 3 * * *",
            "0 99 3 * * *",
            "0 0 3 * * * *",
            "1 2 0 3 * * *",
            "* * * *",
            "00:05:00",
        ),
        " ",
    ],
)
def test_a_schedule_that_is_none_is_told_for_each_timer(text: str) -> None:
    found = list(_of_schedules(dict.fromkeys(SCHEDULES, text)))
    assert [each.target for each in found] == list(SCHEDULES)
    assert all(repr(text) in each.message for each in found)
