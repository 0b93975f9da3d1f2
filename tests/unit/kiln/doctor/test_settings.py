"""Slips in the names of settings, beside the ones that the deployment sets and without; and bad values."""

from __future__ import annotations

import pytest

from kiln.config import read
from kiln.doctor.settings import KNOWN, _misspelled, _of_values
from tests.authority import ADDRESS


def told(*names: str, deployed: bool) -> dict[str, str]:
    """Return the fixes in the findings about these names, by name."""
    return {found.target: found.fix for found in _misspelled({*names, *(KNOWN if deployed else ())})}


@pytest.mark.parametrize("name", KNOWN)
def test_a_letter_too_few_is_told_though_the_deployment_sets_what_is_meant(name: str) -> None:
    assert told(name[:-1], deployed=True) == {name[:-1]: f"Perhaps {name} is meant."}


@pytest.mark.parametrize("slip", ["KILN_RAECH", "KILN_REACHES", "kiln_reach", "KILN_REECH"])
@pytest.mark.parametrize("deployed", [True, False])
def test_other_slips_are_told(slip: str, *, deployed: bool) -> None:
    assert told(slip, deployed=deployed) == {slip: "Perhaps KILN_REACH is meant."}


def test_a_name_that_is_only_like_one_is_told_where_that_one_is_not_set() -> None:
    assert told("KILN_AUDIENCES", deployed=False) == {"KILN_AUDIENCES": "Perhaps KILN_AUTH_AUDIENCES is meant."}
    assert told("KILN_AUDIENCES", deployed=True) == {}


@pytest.mark.parametrize("name", ["KILN_ENDPOINT", "KILN_SCOPE", "KILN_TOKEN", "KILN_CA_FILE", "PATH", *KNOWN])
def test_nothing_is_told_of_other_settings(name: str) -> None:
    assert told(name, deployed=True) == {}


def test_a_setting_that_is_lacking_or_bad_is_told_once_by_its_name() -> None:
    bad = {
        "KILN_AUTH_AUTHORITY": "http://nobody",
        "KILN_AUTH_PRINCIPAL_HEADER": "yes",
        "KILN_GRANTS": "nonsense",
        "KILN_RATE_LIMIT": "many",
        "KILN_SWEEP_SCHEDULE": "at noon",
    }
    found = list(_of_values(read({"KILN_STATE_ENDPOINT": "https://state", **bad})))

    assert sorted(each.target for each in found) == sorted([*bad, "KILN_AUTH_AUDIENCES"])
    assert all(each.message.startswith(f"{each.target} is ") for each in found)
    assert all(" not valid, so " in each.message for each in found if each.target in bad)


def test_nothing_is_told_of_good_values() -> None:
    good = {"KILN_AUTH_AUTHORITY": ADDRESS, "KILN_AUTH_AUDIENCES": "api://kiln"}

    assert list(_of_values(read({"KILN_STATE_ENDPOINT": "https://state", **good}))) == []
