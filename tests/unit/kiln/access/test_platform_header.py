from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from kiln.access.platform_header import claims_of
from kiln.errors import NotAuthenticated


def header(*claims: tuple[str, Any], **others: Any) -> str:
    principal = {"auth_typ": "aad", "claims": [{"typ": name, "val": value} for name, value in claims], **others}
    return base64.b64encode(json.dumps(principal).encode()).decode()


def test_claims_have_the_names_and_kinds_that_they_have_in_tokens() -> None:
    claims = claims_of(
        header(
            ("aud", "api://kiln"),
            ("exp", "1790000000"),
            ("http://schemas.microsoft.com/identity/claims/objectidentifier", "me"),
            ("http://schemas.microsoft.com/identity/claims/tenantid", "here"),
            ("roles", "Kiln.Reader"),
            ("http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "Kiln.Builder"),
            ("groups", "team"),
            ("_claim_names", '{"groups":"src1"}'),
            ("amr", "pwd"),
            ("amr", "mfa"),
        )
    )
    assert claims == {
        "aud": "api://kiln",
        "exp": 1790000000,
        "oid": "me",
        "tid": "here",
        "roles": ["Kiln.Reader", "Kiln.Builder"],
        "groups": ["team"],
        "_claim_names": {"groups": '{"groups":"src1"}'},
        "amr": "mfa",
    }


@pytest.mark.parametrize("time", ["soon", "", "-1", "1.5", "\u0661", "9" * 5000])
def test_a_time_that_is_no_number_stays_one_that_is_refused(time: str) -> None:
    assert claims_of(header(("exp", time)))["exp"] == time


@pytest.mark.parametrize("name", ["oid", "aud", "iss", "exp", "tid"])
def test_a_claim_that_matters_is_there_once(name: str) -> None:
    with pytest.raises(NotAuthenticated, match="twice"):
        claims_of(header((name, "1"), (name, "2")))


def test_a_claim_is_not_there_under_two_names() -> None:
    with pytest.raises(NotAuthenticated, match="twice"):
        claims_of(header(("oid", "me"), ("http://schemas.microsoft.com/identity/claims/objectidentifier", "you")))


@pytest.mark.parametrize(
    "text",
    ["", "no base64!", "é", base64.b64encode(b"\xff").decode(), base64.b64encode(b"[]").decode(),
     base64.b64encode(b'{"claims": [1]}').decode(), base64.b64encode(b'{"claims": [{"typ": "oid"}]}').decode(),
     base64.b64encode(b"[" * 100_000).decode()],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(NotAuthenticated, match="cannot be read"):
        claims_of(text)
