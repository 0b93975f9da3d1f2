from __future__ import annotations

import math
from typing import Any

import pytest

from kiln.access.claims import LEEWAY, Caller, Expected, caller_of
from kiln.errors import NotAuthenticated
from tests.authority import AUDIENCE, CLIENT, ME, TENANT, V1, V2, good_claims

EXPECTED = Expected(issuers=frozenset({V1, V2}), audiences=frozenset({AUDIENCE, "kiln's id"}), tenant=TENANT)


def judged(**changes: Any) -> Caller:
    claims = good_claims("Kiln.Reader")
    now = claims["iat"]
    said = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return caller_of(said, EXPECTED, now)


def refusal(**changes: Any) -> NotAuthenticated:
    with pytest.raises(NotAuthenticated) as caught:
        judged(**changes)
    return caught.value


def test_a_good_token_says_who_its_caller_is() -> None:
    caller = judged(groups=["GGGGGGGG"], oid=ME.upper())
    assert caller == Caller(
        object_id=ME,
        app_id=CLIENT,
        name="me@example.com",
        tenant=TENANT,
        roles=frozenset({"Kiln.Reader"}),
        groups=frozenset({"gggggggg"}),
    )


def test_both_versions_of_tokens_are_taken() -> None:
    caller = judged(iss=V2, aud="kiln's id", appid=None, azp="the client", ver="2.0", preferred_username="you")
    assert (caller.app_id, caller.name) == ("the client", "you")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "https://management.azure.com"}, "InvalidAuthenticationTokenAudience"),
        ({"aud": [AUDIENCE]}, "InvalidAuthenticationToken"),
        ({"aud": AUDIENCE + "2"}, "InvalidAuthenticationTokenAudience"),
        ({"iss": "https://login.example/other/v2.0"}, "InvalidAuthenticationTokenTenant"),
        ({"iss": V1.rstrip("/")}, "InvalidAuthenticationTokenTenant"),
        ({"tid": "22222222-2222-2222-2222-222222222222"}, "InvalidAuthenticationTokenTenant"),
        ({"exp": 1}, "ExpiredAuthenticationToken"),
        ({"exp": math.nan}, "InvalidAuthenticationToken"),
        ({"exp": True}, "InvalidAuthenticationToken"),
        ({"exp": "9999999999"}, "InvalidAuthenticationToken"),
        ({"nbf": 2**40}, "InvalidAuthenticationToken"),
        ({"nbf": "now"}, "InvalidAuthenticationToken"),
        ({"roles": "Kiln.Admin"}, "InvalidAuthenticationToken"),
        ({"roles": [["Kiln.Admin"]]}, "InvalidAuthenticationToken"),
        ({"groups": "*"}, "InvalidAuthenticationToken"),
        ({"oid": ""}, "InvalidAuthenticationToken"),
        *(({name: None}, "InvalidAuthenticationToken") for name in ("aud", "iss", "tid", "oid", "exp", "appid")),
    ],
)
def test_any_other_token_is_refused(changes: dict[str, Any], code: str) -> None:
    assert refusal(**changes).detail.code == code


def test_clocks_may_differ_a_little_and_no_more() -> None:
    now = good_claims()["iat"]
    assert judged(exp=now - LEEWAY + 5, nbf=now + LEEWAY - 5).object_id == ME
    assert "expired" in str(refusal(exp=now - LEEWAY - 5))
    assert "is not valid yet" in str(refusal(nbf=now + LEEWAY + 5))


def test_a_token_may_lack_a_begin_roles_and_a_name() -> None:
    caller = judged(nbf=None, roles=None, unique_name=None)
    assert (caller.roles, caller.name) == (frozenset(), "")


@pytest.mark.parametrize("claim", [{"_claim_names": {"groups": "src1"}}, {"hasgroups": True}])
def test_groups_that_have_no_room_in_the_token_are_noticed(claim: dict[str, Any]) -> None:
    assert judged(**claim).groups_left_out
    assert not judged(_claim_names={"other": "src1"}, hasgroups=False).groups_left_out
