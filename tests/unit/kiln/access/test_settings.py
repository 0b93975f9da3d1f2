from __future__ import annotations

import pytest

from tests.authority import ADDRESS, TENANT, access_settings

GOOD = {"KILN_AUTH_AUTHORITY": ADDRESS, "KILN_AUTH_AUDIENCES": "api://kiln, the-id,", "KILN_GRANTS": "[]"}


def test_good_settings_have_no_problems() -> None:
    settings = access_settings(**GOOD)
    assert (settings.authority, settings.tenant, settings.problems) == (ADDRESS, TENANT, ())
    assert settings.audiences == {"api://kiln", "the-id"}


def test_nothing_that_is_set_lets_nobody_in_and_says_so() -> None:
    settings = access_settings()
    assert (settings.authority, settings.audiences, settings.grants) == (None, frozenset(), ())
    assert [problem.name for problem in settings.problems] == ["KILN_AUTH_AUTHORITY", "KILN_AUTH_AUDIENCES"]


def test_an_authority_is_a_tenants_whatever_the_case_and_the_slash_at_its_end() -> None:
    settings = access_settings(**{**GOOD, "KILN_AUTH_AUTHORITY": f" {ADDRESS.upper()}/ "})
    assert (settings.authority, settings.tenant) == (ADDRESS, TENANT)


@pytest.mark.parametrize(
    "authority",
    [
        "https://login.example/common",
        "https://login.example/organizations",
        "https://login.example/",
        f"http://login.example/{TENANT}",
        f"https:///{TENANT}",
        f"{ADDRESS}?x",
        f"https://me@login.example/{TENANT}",
        f"{ADDRESS}/v2.0",
        TENANT,
    ],
)
def test_an_authority_of_another_kind_lets_nobody_in(authority: str) -> None:
    settings = access_settings(**{**GOOD, "KILN_AUTH_AUTHORITY": authority})
    assert settings.authority is None
    assert settings.problems[0].name == "KILN_AUTH_AUTHORITY"


def test_grants_with_a_fault_grant_nothing_and_name_the_fault() -> None:
    good = '{"principal": "*", "role": "Admin", "scope": "/"}'
    settings = access_settings(**{**GOOD, "KILN_GRANTS": f'[{good}, {{"principal": "*"}}]'})
    assert settings.grants == ()
    assert settings.problems[0].message.startswith("KILN_GRANTS is not valid, so it grants nothing: [1]")
    assert len(access_settings(**{**GOOD, "KILN_GRANTS": f"[{good}]"}).grants) == 1


@pytest.mark.parametrize(
    ("header", "platform", "believed"),
    [("true", "True", True), ("TRUE", "true", True), ("true", "", False), ("true", "False", False),
     ("", "True", False), ("1", "True", False), ("true", "1", False)],
)  # fmt: skip
def test_the_platforms_word_counts_where_both_say_so(header: str, platform: str, *, believed: bool) -> None:
    names = {"KILN_AUTH_PRINCIPAL_HEADER": header, "WEBSITE_AUTH_ENABLED": platform}
    assert access_settings(**{**GOOD, **names}).believes_header is believed
