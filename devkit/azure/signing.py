"""Signatures of Azure Storage's blob service: Shared Key headers and service SAS queries.

It owns the two strings-to-sign and their HMAC; it must not know what is sent, or keep any key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from devkit.azure import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "2021-12-02"


def _sign(key: str, text: str) -> str:
    return base64.b64encode(hmac.digest(base64.b64decode(key), text.encode(), hashlib.sha256)).decode()


def shared_key(account: str, key: str, method: str, url: str, headers: Mapping[str, str]) -> str:
    """Build the Authorization header for a request (learn.microsoft.com, "Authorize with Shared Key")."""
    parts = urlsplit(url)
    lower = {name.lower(): value for name, value in headers.items()}
    length = lower.get("content-length", "")
    standard = [
        "" if name == "content-length" and length == "0" else lower.get(name, "")
        for name in (
            "content-encoding", "content-language", "content-length", "content-md5", "content-type", "date",
            "if-modified-since", "if-match", "if-none-match", "if-unmodified-since", "range",
        )
    ]  # fmt: skip
    own = [f"{name}:{lower[name]}" for name in sorted(lower) if name.startswith("x-ms-")]
    query = [f"{name.lower()}:{value}" for name, value in sorted(parse_qsl(parts.query))]
    text = "\n".join([method, *standard, *own, f"/{account}{parts.path}", *query])
    return f"SharedKey {account}:{_sign(key, text)}"


def blob_sas(url: str, account: str, key: str, *, permissions: str, start: float, expiry: float) -> str:
    """Return a blob's URL with a service SAS; `start` and `expiry` in seconds since the epoch.

    learn.microsoft.com, "Create a service SAS", the version of 2020-12-06 and later.
    """
    begins, ends = (clock.iso(float(int(at)))[:19] + "Z" for at in (start, expiry))
    path = unquote(urlsplit(url).path).strip("/").split("/")
    resource = "/".join(["/blob", account, *(path[1:] if path[0] == account else path)])
    protocol = "https,http"
    fields = [permissions, begins, ends, resource, "", "", protocol, VERSION, "b", "", "", "", "", "", "", ""]
    query = {
        "sv": VERSION,
        "spr": protocol,
        "st": begins,
        "se": ends,
        "sr": "b",
        "sp": permissions,
        "sig": _sign(key, "\n".join(fields)),
    }
    return f"{url}?{urlencode(query)}"
