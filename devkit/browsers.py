"""Guards of local servers against pages in this machine's browsers that come by a name of their own or from elsewhere.

A page can give its own name this machine's address (DNS rebinding), and then talks to a server as if it were its own;
and any page can send requests here, whose answers alone are kept from it. Servers here trust whoever is on the machine.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from yarl import URL

if TYPE_CHECKING:
    from aiohttp import web

_OWN_PAGES = {"none", "same-origin"}
"""Values of Sec-Fetch-Site ("Fetch Metadata Request Headers"): typed in by a person, or from a page served here."""


def refusal(request: web.BaseRequest, own_name: str) -> str | None:
    """Return why a request must not be served, or None. `own_name` is the address or name that the server is bound to.

    Clients that are no browsers send no Sec-Fetch-Site. Nor do they send an Origin, or, as Event Grid does, one that no
    browser sends: a browser's has a scheme or is `null` (RFC 6454, 7.1).
    """
    if not _is_own(request.host, own_name):
        return "This server answers under names of this machine alone."
    origin = request.headers.get("Origin", "")
    of_a_page = "://" in origin or origin == "null"
    from_here = not of_a_page or origin.partition("://")[2].lower() == request.host.lower()
    if not from_here or request.headers.get("Sec-Fetch-Site", "none").lower() not in _OWN_PAGES:
        return "This server answers no pages of other sites."
    return None


def _is_own(place: str, own_name: str) -> bool:
    """Whether `host[:port]` is a name that nobody but this machine can have."""
    try:
        host = URL(f"http://{place}").host or ""
    except ValueError:
        return False
    if host.lower() in {own_name.lower(), "localhost"}:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
