"""Tokens for blobs: to which URLs one may be sent, and which need none, as they are signed."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from kiln.config import config


def may_have_token(url: str) -> bool:
    """Whether a token may be sent to `url`: its host is of Azure Storage, over https, without a user name."""
    parts = urlsplit(url)
    host, place = (parts.hostname or "").lower(), parts.netloc.lower()
    return (
        parts.scheme.lower() == "https"
        and "@" not in place
        and any(
            host.endswith(suffix) if suffix.startswith(".") else place == suffix for suffix in config().blob_suffixes
        )
    )


def is_signed(url: str) -> bool:
    """Whether a URL has a signature (a SAS) in its query."""
    return "sig" in parse_qs(urlsplit(url).query)
