from __future__ import annotations

import asyncio
import base64
import json
import logging
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from kiln.access.gate import Gate, gate
from kiln.errors import NotAuthenticated, NotAuthorized
from tests.app_settings import set_settings
from tests.authority import ADDRESS, AUDIENCE, CLIENT, ME, Authority, access_settings, good_claims

if TYPE_CHECKING:
    from kiln.access.claims import Caller

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg"
BELIEVED = {"KILN_AUTH_PRINCIPAL_HEADER": "true", "WEBSITE_AUTH_ENABLED": "True"}


@pytest.fixture
def authority() -> Authority:
    return Authority()


def enter(at: Gate, **headers: str) -> Caller:
    return asyncio.run(at.caller({name.replace("_", "-"): value for name, value in headers.items()}, time.time()))


def refusal(at: Gate, **headers: str) -> NotAuthenticated:
    with pytest.raises(NotAuthenticated) as caught:
        enter(at, **headers)
    return caught.value


def principal(*roles: str, **changes: Any) -> str:
    """Return the header in which App Service tells the caller."""
    claims = {**good_claims(*roles), **changes}
    pairs = [
        {"typ": name, "val": str(item)}
        for name, value in claims.items()
        for item in (value if isinstance(value, list) else [value])
    ]
    return base64.b64encode(json.dumps({"auth_typ": "aad", "claims": pairs}).encode()).decode()


def test_a_bearer_token_lets_its_caller_in(authority: Authority) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert enter(authority.gate(), Authorization=f"{scheme} {authority.token()}").object_id == ME


@pytest.mark.parametrize("authorization", ["Basic bWU6eW91", "Bearer", "Bearer ", "token", " "])
def test_any_other_authorization_lets_nobody_in(authority: Authority, authorization: str) -> None:
    assert refusal(authority.gate(), Authorization=authorization).detail.code == "AuthenticationFailed"


def test_without_settings_nobody_is_let_in_and_no_reason_is_given(authority: Authority) -> None:
    known: dict[str, str]
    for known in ({}, {"KILN_AUTH_AUTHORITY": ADDRESS}, {"KILN_AUTH_AUDIENCES": AUDIENCE}, BELIEVED):
        closed = Gate(access_settings(**known))
        error = refusal(closed, Authorization=f"Bearer {authority.token('Kiln.Admin')}",
                        X_MS_CLIENT_PRINCIPAL=principal("Kiln.Admin"))  # fmt: skip
        assert "not configured" in str(error)
        assert "KILN" not in str(error)


def test_what_is_wrong_with_the_settings_is_logged_and_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    state = "https://state.blob.core.windows.net"
    set_settings(
        monkeypatch,
        KILN_STATE_ENDPOINT=state,
        KILN_AUTH_AUTHORITY=None,
        KILN_AUTH_AUDIENCES=None,
        KILN_GRANTS="nonsense",
    )
    gate.cache_clear()
    with caplog.at_level(logging.ERROR, "kiln.access"):
        gate()
    gate.cache_clear()
    assert [name in caplog.text for name in ("KILN_AUTH_AUTHORITY", "KILN_AUTH_AUDIENCES", "KILN_GRANTS")] == [True] * 3


def test_the_challenge_says_where_to_get_a_token(authority: Authority) -> None:
    known = authority.gate()
    assert known.challenge(refusal(known)) == f'Bearer authorization_uri="{ADDRESS}"'
    expired = refusal(known, Authorization=f"Bearer {authority.token(exp=1)}")
    assert known.challenge(expired) == f'Bearer authorization_uri="{ADDRESS}", error="invalid_token"'
    closed = Gate(access_settings())
    assert closed.challenge(refusal(closed)) == "Bearer"


@pytest.mark.parametrize("left_out", sorted(BELIEVED))
def test_the_platforms_header_is_ignored_unless_both_settings_say_so(authority: Authority, left_out: str) -> None:
    deaf = authority.gate(**{name: value for name, value in BELIEVED.items() if name != left_out})
    assert "no Authorization header" in str(refusal(deaf, X_MS_CLIENT_PRINCIPAL=principal("Kiln.Admin")))


def test_the_platforms_header_is_judged_as_a_token_is(authority: Authority) -> None:
    known = authority.gate(**BELIEVED)
    caller = enter(known, X_MS_CLIENT_PRINCIPAL=principal("Kiln.Builder", groups=["T1", "T2"]))
    assert (caller.object_id, caller.app_id, sorted(caller.roles)) == (ME, CLIENT, ["Kiln.Builder"])
    assert caller.groups == {"t1", "t2"}
    wrong = {"exp": 1, "nbf": 2**40, "aud": "another", "iss": "another", "tid": "another"}
    for name, value in wrong.items():
        assert "not good" in str(refusal(known, X_MS_CLIENT_PRINCIPAL=principal("Kiln.Admin", **{name: value})))


def test_a_token_counts_before_the_platforms_header(authority: Authority) -> None:
    known = authority.gate(**BELIEVED)
    both = {"X_MS_CLIENT_PRINCIPAL": principal("Kiln.Admin")}
    assert enter(known, Authorization=f"Bearer {authority.token('Kiln.Reader')}", **both).roles == {"Kiln.Reader"}
    assert "expired" in str(refusal(known, Authorization=f"Bearer {authority.token(exp=1)}", **both))
    assert "no bearer token" in str(refusal(known, Authorization="Basic x", **both))


def denied(at: Gate, caller: Caller, action: str = "imageTemplates/read", *, partly: bool = False) -> str:
    with pytest.raises(NotAuthorized) as caught:
        at.check(caller, action, GROUP, partly=partly)
    return str(caught.value)


def test_who_may_not_is_told_who_he_is_and_what_he_lacks_and_where(authority: Authority) -> None:
    known = authority.gate()
    caller = enter(known, Authorization=f"Bearer {authority.token()}")
    message = denied(known, caller, "imageTemplates/delete")
    for fact in (ME, "me@example.com", "Microsoft.VirtualMachineImages/imageTemplates/delete", GROUP, "KILN_GRANTS"):
        assert fact in message
    assert "groups" not in message


def test_a_part_is_enough_for_what_shows_a_part(authority: Authority) -> None:
    template = f"{GROUP}/providers/Microsoft.VirtualMachineImages/imageTemplates/web"
    known = authority.gate(KILN_GRANTS=json.dumps([{"principal": ME, "role": "Reader", "scope": template}]))
    caller = enter(known, Authorization=f"Bearer {authority.token()}")
    known.check(caller, "imageTemplates/read", GROUP, partly=True)
    assert denied(known, caller)
    assert denied(known, caller, "imageTemplates/write", partly=True)
    assert (known.may(caller, "imageTemplates/read", template), known.may(caller, "imageTemplates/read", GROUP)) == (
        True,
        False,
    )


def test_groups_without_room_in_the_token_are_told_of(authority: Authority) -> None:
    known = authority.gate()
    token = authority.token(_claim_names={"groups": "src1"})
    assert "more groups than a token can list" in denied(known, enter(known, Authorization=f"Bearer {token}"))


def test_grants_that_are_not_valid_are_told_of_and_grant_nothing_but_app_roles_stand(authority: Authority) -> None:
    broken = authority.gate(KILN_GRANTS='[{"principal": "*", "role": "Admin", "scope": "/"}, 1]')
    nobody = enter(broken, Authorization=f"Bearer {authority.token()}")
    assert "KILN_GRANTS is not valid, so it grants nothing" in denied(broken, nobody)
    reader = enter(broken, Authorization=f"Bearer {authority.token('Kiln.Reader')}")
    broken.check(reader, "imageTemplates/read", GROUP)


def test_a_cold_start_does_not_wait_for_cryptography() -> None:
    """The first token alone needs it."""
    heavy = "{'jwt', 'cryptography', 'httpx'}"
    loaded = f"import sys, kiln.access.gate; print(sorted({heavy} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
