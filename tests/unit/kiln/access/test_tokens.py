from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from kiln.access.keys import Keys
from kiln.access.tokens import Tokens
from kiln.errors import NotAuthenticated
from tests.authority import ADDRESS, AUDIENCE, ME, TENANT, V1, V2, Authority, good_claims, private_key


@pytest.fixture
def authority() -> Authority:
    return Authority()


def caller(authority: Authority, token: str) -> Any:
    tokens = Tokens(Keys(ADDRESS, authority.fetch), frozenset({AUDIENCE}), TENANT)
    return asyncio.run(tokens.caller(token, time.time()))


def refused(authority: Authority, token: str) -> str:
    with pytest.raises(NotAuthenticated) as caught:
        caller(authority, token)
    return str(caught.value)


def part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def pem(name: str) -> bytes:
    public = private_key(name).public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("issuer", [V1, V2])
def test_a_signed_token_is_taken(authority: Authority, issuer: str) -> None:
    assert caller(authority, authority.token("Kiln.Admin", iss=issuer)).object_id == ME


def test_an_unsigned_token_is_refused(authority: Authority) -> None:
    for name in ("none", "None", "NONE"):
        token = f"{part({'alg': name, 'kid': 'one'})}.{part(good_claims('Kiln.Admin'))}."
        assert "not signed in the way of" in refused(authority, token)


def test_a_token_that_is_signed_with_the_public_key_as_a_secret_is_refused(authority: Authority) -> None:
    head = f"{part({'alg': 'HS256', 'kid': 'one', 'typ': 'JWT'})}.{part(good_claims('Kiln.Admin'))}"
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(head.encode(), pem("one"))
    token = f"{head}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
    assert "not signed in the way of" in refused(authority, token)


@pytest.mark.parametrize("algorithm", ["RS384", "PS256"])
def test_a_token_that_is_signed_in_another_way_is_refused(authority: Authority, algorithm: str) -> None:
    token = jwt.encode(good_claims("Kiln.Admin"), private_key("one"), algorithm, headers={"kid": "one"})
    assert "not signed in the way of" in refused(authority, token)


def test_a_token_of_an_unknown_key_is_refused(authority: Authority) -> None:
    assert "unknown key" in refused(authority, authority.token(key_id="strange"))


def test_a_strangers_signature_under_a_known_keys_id_is_refused(authority: Authority) -> None:
    token = jwt.encode(good_claims("Kiln.Admin"), private_key("strange"), "RS256", headers={"kid": "one"})
    assert "signature is wrong" in refused(authority, token)


def test_claims_that_were_changed_after_the_signature_are_refused(authority: Authority) -> None:
    header, _, signature = authority.token("Kiln.Reader").split(".")
    assert "signature is wrong" in refused(authority, f"{header}.{part(good_claims('Kiln.Admin'))}.{signature}")


@pytest.mark.parametrize("header", [{"alg": "RS256"}, {"alg": "RS256", "kid": 1}, {"alg": "RS256", "kid": None}])
def test_a_token_that_names_no_key_is_refused(authority: Authority, header: dict[str, Any]) -> None:
    _, claims, signature = authority.token("Kiln.Admin").split(".")
    assert refused(authority, f"{part(header)}.{claims}.{signature}")


@pytest.mark.parametrize("token", ["x", "a.b", "a.b.c", "..", "é.é.é", "." * 50, f"{part([])}.{part([])}.x"])
def test_what_is_no_token_is_refused(authority: Authority, token: str) -> None:
    assert refused(authority, token)
    assert authority.asked == []


@pytest.mark.parametrize("payload", [b"[]", b"x", b'"text"', b"[" * 100_000])
def test_a_signed_token_without_claims_is_refused(authority: Authority, payload: bytes) -> None:
    token = jwt.PyJWS().encode(payload, private_key("one"), "RS256", headers={"kid": "one"})
    assert "its claims are" in refused(authority, token)


def test_a_key_does_not_sign_for_another_issuer(authority: Authority) -> None:
    token = authority.token("Kiln.Admin", iss="https://sts.example/22222222-2222-2222-2222-222222222222/")
    assert "issuer" in refused(authority, token)


def test_a_key_for_another_tenants_tokens_is_none(authority: Authority) -> None:
    authority.extra = {"issuer": "https://login.example/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"}
    assert "unknown key" in refused(authority, authority.token("Kiln.Admin"))
    authority.extra = {"issuer": "https://login.example/{tenantid}/v2.0"}
    assert caller(authority, authority.token("Kiln.Admin"))


def test_a_key_for_encryption_signs_nothing(authority: Authority) -> None:
    authority.extra = {"use": "enc"}
    assert "unknown key" in refused(authority, authority.token("Kiln.Admin"))
