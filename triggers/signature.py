"""Signed requests: who signed a body, and when. Pure.

A signature is the hex HMAC-SHA256 of `<timestamp>.<body>` under the trigger's secret; the timestamp, in Unix seconds,
makes it useless after a few minutes. Within these, the same request again has the same signature, by which it is known.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from kiln.secret import Secret

SIGNATURE_HEADER = "X-Kiln-Signature-256"
TIMESTAMP_HEADER = "X-Kiln-Timestamp"
WINDOW_SECONDS = 300
_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature header's value."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_signed(secret: Secret | None, signature: str, timestamp: str, body: bytes, now: datetime) -> bool:
    """Whether the signature is right and fresh. It takes as long without a secret as with one."""
    if not (_SIGNATURE.fullmatch(signature) and _TIMESTAMP.fullmatch(timestamp)):
        return False
    key = secret.reveal() if secret else ""
    right = hmac.compare_digest(sign(key, timestamp, body), signature)
    fresh = abs(now.timestamp() - int(timestamp)) <= WINDOW_SECONDS
    return right and fresh and secret is not None
