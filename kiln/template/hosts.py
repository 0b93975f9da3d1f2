"""Hosts of URLs that cannot be, as far as that shows without asking anybody: no name's form, or no server's address.

Rules: RFC 1123 section 2.1 and RFC 1035 section 2.3.4 for names (underscores are let through, as resolvers do), RFC
5891 (IDNA 2008) for names beyond ASCII, since httpx reads them by it and can ask no other, and the URL Standard's "ends
in a number" for what is an IPv4 address or nothing. It never repeats what was sent.
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
    """Return why no file can be fetched from, or put to, the server that an http or https URL names; None: it may be.

    Raises `ValueError` when the URL cannot be taken apart.
    """
    if "@" in parts.netloc:
        return (
            "expected no user's name before the host, for everybody who may read the template would read it: "
            "sign the URL (SAS), or give the template an identity that may read the blob"
        )
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port is not None and not 0 < port <= HIGHEST_PORT:
        return f"expected a port from 1 to {HIGHEST_PORT}"
    return _wrong_host(parts.hostname or "")


def _wrong_host(host: str) -> str | None:
    """Return why no server has that name or address, or None when one may."""
    if not host:
        return "expected a host after the scheme, as in https://example.com/file"
    address = _address(host)
    found = special_kind(address) if address is not None else None
    if found is not None and found[0] is Kind.NEVER:
        return f"its host is {found[1]}, and Kiln fetches nothing there: put the file on a web server"
    if address is None and _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]):
        return "expected a host's name, or its IPv4 address as four numbers up to 255"
    return wrong_name(host)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def wrong_name(host: str) -> str | None:
    """Return why a text that is no address cannot be a host's name either, or None when it may."""
    if _address(host) is not None:
        return None
    name = _in_ascii(host).removesuffix(".")
    labels = name.split(".")
    if not name:
        return "expected a host that can be: its name has characters, or a part, that no host's name has"
    if not all(labels):
        return "expected a host that can be: there is nothing between two dots of its name, or before the first"
    if len(name) > LONGEST_NAME or any(len(label) > LONGEST_LABEL for label in labels):
        return (
            f"expected a host that can be: its name has more than {LONGEST_NAME} characters, or a part of it more "
            f"than {LONGEST_LABEL}"
        )
    if not all(_LABEL.fullmatch(label) for label in labels):
        return "expected a host that can be: parts of its name are letters, digits and hyphens within"
    return None


def _in_ascii(host: str) -> str:
    """Return a host's name as resolvers take it; nothing for one that has no such form.

    httpx also takes a name apart that is in this form already, if it begins with `xn--`, and fails where it cannot.
    """
    import idna

    if host.isascii() and not host.lower().startswith("xn--"):
        return host
    try:
        return idna.encode(host.lower()).decode()
    except UnicodeError:
        return ""
