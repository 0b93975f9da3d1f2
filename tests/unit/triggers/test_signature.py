from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kiln.secret import Secret
from triggers.signature import Message, is_signed, sign

SECRET, TIMESTAMP, BODY = "0123456789abcdef0123456789abcdef", "1700000000", b'{"a": 1}'
NOW = datetime.fromtimestamp(1700000000, UTC)
HOOK = "/subscriptions/s/resourceGroups/g/providers/Microsoft.VirtualMachineImages/imageTemplates/t/triggers/hook"
# printf '%s\n%s\n%s' 1700000000 "$(printf %s "$HOOK" | tr A-Z a-z)" '{"a": 1}' |
#   openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
SIGNATURE = "sha256=e0f042770b939aa13557998badc0ef98dcadf39e929c353e1790650674096d75"
SENT = Message(HOOK, TIMESTAMP, BODY)


def test_a_signature_is_the_one_that_openssl_makes() -> None:
    assert sign(SECRET, SENT) == SIGNATURE
    assert is_signed(Secret(SECRET), SIGNATURE, SENT, NOW)


@pytest.mark.parametrize(("seconds", "fresh"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_a_signature_lasts_five_minutes_either_way(seconds: int, fresh: bool) -> None:  # noqa: FBT001 - a table's column
    now = NOW + timedelta(seconds=seconds)
    assert is_signed(Secret(SECRET), SIGNATURE, SENT, now) is fresh


def test_without_a_secret_nothing_is_signed() -> None:
    assert not is_signed(None, sign("", SENT), SENT, NOW)


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
    assert not is_signed(Secret(SECRET), signature, Message(HOOK, timestamp, body), NOW)


@pytest.mark.parametrize("trigger", [HOOK + "2", HOOK.replace("/t/", "/u/"), HOOK + "\n"])
def test_a_signature_counts_for_no_other_trigger_with_the_same_secret(trigger: str) -> None:
    assert not is_signed(Secret(SECRET), SIGNATURE, Message(trigger, TIMESTAMP, BODY), NOW)


def test_no_part_of_a_body_can_pass_for_the_end_of_a_triggers_name() -> None:
    assert sign(SECRET, Message(HOOK, TIMESTAMP, b"v2\n{}")) != sign(SECRET, Message(HOOK + ".v2", TIMESTAMP, b"{}"))


def test_case_of_a_triggers_id_makes_no_difference() -> None:
    assert is_signed(Secret(SECRET), SIGNATURE, Message(HOOK.upper(), TIMESTAMP, BODY), NOW)
