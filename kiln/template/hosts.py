"""Check the hosts of URLs without asking anybody: refuse names that are not valid, and addresses without a file server.

Rules: RFC 1123 section 2.1 and RFC 1035 section 2.3.4 for names (underscores are accepted, as by resolvers), RFC 5891
(IDNA 2008) for names beyond ASCII, as httpx cannot reach any other, and the URL Standard's "ends in a number" for texts
that have to be IPv4 addresses. Messages never repeat what was sent.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from kiln.template.special_addresses import Kind, special_kind

if TYPE_CHECKING:
    from urllib.parse import SplitResult

LONGEST_NAME, LONGEST_LABEL, HIGHEST_PORT = 253, 63, 65535
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


def wrong_place(parts: SplitResult) -> str | None:
    """Return why the server in an http or https URL cannot be used, or None if it may be usable.

    Raises `ValueError` if the URL cannot be parsed.
    """
    if "@" in parts.netloc:
        return (
            "expected no user name or password before the host, as everybody who can read the template could read "
            "it: sign the URL (SAS), or give the template an identity that may read the blob"
        )
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port is not None and not 0 < port <= HIGHEST_PORT:
        return f"expected a port from 1 to {HIGHEST_PORT}"
    return _wrong_host(parts.hostname or "")


def _wrong_host(host: str) -> str | None:
    """Return why no server can have that name or address, or None if one may have it."""
    if not host:
        return "expected a host after the scheme, as in https://example.com/file"
    address = _address(host)
    found = special_kind(address) if address is not None else None
    if found is not None and found[0] is Kind.NEVER:
        return f"its host is {found[1]}, from which Kiln fetches nothing: put the file on a web server"
    if address is None and _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]):
        return "expected a host name, or an IPv4 address as four numbers up to 255"
    return wrong_name(host)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def wrong_name(host: str) -> str | None:
    """Return why a text can be neither an address nor a host name, or None if it can."""
    if _address(host) is not None:
        return None
    name = _in_ascii(host).removesuffix(".")
    labels = name.split(".")
    if not name:
        return "expected a valid host name: this one has characters, or a part, that no host name can have"
    if not all(labels):
        return "expected a valid host name: this one has nothing before its first dot, or between two dots"
    if len(name) > LONGEST_NAME or any(len(label) > LONGEST_LABEL for label in labels):
        return (
            f"expected a valid host name: this one has more than {LONGEST_NAME} characters, or a part with more than "
            f"{LONGEST_LABEL}"
        )
    if not all(_LABEL.fullmatch(label) for label in labels):
        return "expected a valid host name: its parts have letters and digits, with hyphens only between them"
    return None


def _in_ascii(host: str) -> str:
    """Return a host name in the ASCII form that resolvers take, or an empty text if it has none.

    httpx also decodes a name that has this form already, if it begins with `xn--`, and fails if it cannot.
    """
    import idna

    if host.isascii() and not host.lower().startswith("xn--"):
        return host
    try:
        return idna.encode(host.lower()).decode()
    except UnicodeError:
        return ""
