"""Signatures of webhook requests: made and checked. Pure.

A signature is the hex HMAC-SHA256, under the trigger's secret, of the timestamp, the trigger's id and the body, with a
line feed after the first and the second. The id keeps it from counting for another trigger with the same secret; the
timestamp, in Unix seconds, makes it useless after a few minutes. Within these, the same request again has the same
signature, by which it is known.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.access.scopes import folded

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.secret import Secret

SIGNATURE_HEADER = "X-Kiln-Signature-256"
TIMESTAMP_HEADER = "X-Kiln-Timestamp"
WINDOW_SECONDS = 300
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class Message:
    """The content of a signature: the trigger's ARM id (ASCII letters in lower case), the time, and the body."""

    trigger: str
    timestamp: str
    body: bytes

    def content(self) -> bytes:
        """Return the bytes that the signature is of; no timestamp and no id has a line feed."""
        return f"{self.timestamp}\n{folded(self.trigger)}\n".encode() + self.body


def sign(secret: str, message: Message) -> str:
    """Return the signature header's value."""
    return "sha256=" + hmac.new(secret.encode(), message.content(), hashlib.sha256).hexdigest()


def is_signed(secret: Secret | None, signature: str, message: Message, now: datetime) -> bool:
    """Whether the signature is right and fresh. It takes as long without a secret as with one."""
    timestamp = message.timestamp
    if not (_SIGNATURE.fullmatch(signature) and _TIMESTAMP.fullmatch(timestamp)):
        return False
    key = secret.reveal() if secret else ""
    right = hmac.compare_digest(sign(key, message), signature)
    fresh = abs(now.timestamp() - int(timestamp)) <= WINDOW_SECONDS
    return right and fresh and secret is not None
