from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kiln.secret import Secret
from triggers.signature import is_signed, sign

SECRET, TIMESTAMP, BODY = "0123456789abcdef0123456789abcdef", "1700000000", b'{"a": 1}'
NOW = datetime.fromtimestamp(1700000000, UTC)
# printf '%s.%s' 1700000000 '{"a": 1}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
SIGNATURE = "sha256=f63a854704948778f1cee07f2bb8f0c38b03075aed53ea9ce0b78eacd780361c"


def test_a_signature_is_the_one_that_openssl_makes() -> None:
    assert sign(SECRET, TIMESTAMP, BODY) == SIGNATURE
    assert is_signed(Secret(SECRET), SIGNATURE, TIMESTAMP, BODY, NOW)


@pytest.mark.parametrize(("seconds", "fresh"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_a_signature_lasts_five_minutes_either_way(seconds: int, fresh: bool) -> None:  # noqa: FBT001 - a table's column
    now = NOW + timedelta(seconds=seconds)
    assert is_signed(Secret(SECRET), SIGNATURE, TIMESTAMP, BODY, now) is fresh


def test_without_a_secret_nothing_is_signed() -> None:
    assert not is_signed(None, sign("", TIMESTAMP, BODY), TIMESTAMP, BODY, NOW)


@pytest.mark.parametrize(
    ("signature", "timestamp", "body"),
    [
        (SIGNATURE.upper(), TIMESTAMP, BODY),
        (SIGNATURE[7:], TIMESTAMP, BODY),
        (SIGNATURE + "0", TIMESTAMP, BODY),
        ("", TIMESTAMP, BODY),
        (SIGNATURE, "", BODY),
        (SIGNATURE, "1700000001", BODY),
        (SIGNATURE, " 1700000000", BODY),
        (SIGNATURE, "1700000000.0", BODY),
        (SIGNATURE, "9" * 5000, BODY),
        (SIGNATURE, TIMESTAMP, BODY + b" "),
    ],
)
def test_what_differs_in_anything_is_not_signed(signature: str, timestamp: str, body: bytes) -> None:
    assert not is_signed(Secret(SECRET), signature, timestamp, body, NOW)
