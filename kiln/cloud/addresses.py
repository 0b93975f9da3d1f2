"""Where a template's URLs may lead: to public addresses, and to private ones that the app's settings name.

Kiln fetches from inside a network that template authors may not be in, so an address is judged, never a name: every
address that a name has must be allowed, and whoever connects uses these very addresses. It opens no connection.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kiln.config import config

if TYPE_CHECKING:
    from collections.abc import Iterable

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SETTING = "KILN_PRIVATE_ARTIFACTS"
PORTS = {"http": 80, "https": 443}
FREE_PORTS = 1024
"""From here on any port may be asked; below it are other protocols' services, but for http's and https's own."""


class Kind(StrEnum):
    """What an address is that is not public."""

    LOOPBACK = "loopback"
    PRIVATE = "private"
    NEVER = "never"
    """It has no artifact server, but perhaps the host's own metadata service: no setting opens it."""


def _table(*rows: tuple[str, Kind, str]) -> tuple[tuple[Network, Kind, str], ...]:
    return tuple((ipaddress.ip_network(network), kind, name) for network, kind, name in rows)


# IANA's special-purpose address registries (IPv4 and IPv6); "What is IP address 168.63.129.16?" for Azure's own; the
# first row that fits counts.
_SPECIAL = _table(
    ("169.254.169.254/32", Kind.NEVER, "the instance metadata service"),
    ("fd00:ec2::254/128", Kind.NEVER, "an instance metadata service"),
    ("168.63.129.16/32", Kind.NEVER, "Azure's wire server"),
    ("0.0.0.0/8", Kind.NEVER, "an unspecified address"),
    ("10.0.0.0/8", Kind.PRIVATE, "a private address"),
    ("100.64.0.0/10", Kind.PRIVATE, "a carrier's private address"),
    ("127.0.0.0/8", Kind.LOOPBACK, "a loopback address"),
    ("169.254.0.0/16", Kind.NEVER, "a link-local address"),
    ("172.16.0.0/12", Kind.PRIVATE, "a private address"),
    ("192.0.0.0/24", Kind.NEVER, "a protocol's own address"),
    ("192.0.2.0/24", Kind.NEVER, "an address for documentation"),
    ("192.88.99.0/24", Kind.NEVER, "a 6to4 relay"),
    ("192.168.0.0/16", Kind.PRIVATE, "a private address"),
    ("198.18.0.0/15", Kind.PRIVATE, "a private address for benchmarks"),
    ("198.51.100.0/24", Kind.NEVER, "an address for documentation"),
    ("203.0.113.0/24", Kind.NEVER, "an address for documentation"),
    ("224.0.0.0/4", Kind.NEVER, "a multicast address"),
    ("240.0.0.0/4", Kind.NEVER, "a reserved address"),
    ("::1/128", Kind.LOOPBACK, "a loopback address"),
    ("::/128", Kind.NEVER, "an unspecified address"),
    ("fc00::/7", Kind.PRIVATE, "a private address"),
    ("fe80::/10", Kind.NEVER, "a link-local address"),
    ("ff00::/8", Kind.NEVER, "a multicast address"),
    ("2001::/23", Kind.NEVER, "a tunnel's or a protocol's own address"),
    ("2001:db8::/32", Kind.NEVER, "an address for documentation"),
    ("2002::/16", Kind.NEVER, "a 6to4 tunnel"),
    ("3fff::/20", Kind.NEVER, "an address for documentation"),
)
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_TRANSLATED = tuple(ipaddress.IPv6Network(network) for network in ("::ffff:0:0/96", "64:ff9b::/96"))
"""IPv4-mapped and NAT64 (RFC 6052): the last 32 bits are the IPv4 address that is reached."""


class AddressForbidden(Exception):
    """A URL leads to where Kiln does not go. The text says host and reason and holds no secret."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Place:
    """A server that a URL names. `open_kinds` are the kinds of addresses that it may have besides public ones."""

    host: str
    port: int
    open_kinds: frozenset[Kind]

    @staticmethod
    def of(url: str) -> Place:
        """Return where an http or https URL leads. Raises `AddressForbidden` for one that nobody has to write so."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        try:
            port = parts.port or PORTS[parts.scheme.lower()]
        except (ValueError, KeyError):
            raise AddressForbidden(f"{host} has no such port.", "Correct the URL in the template.") from None
        if parts.username is not None or parts.password is not None:
            hint = "Sign the URL (SAS), or give the template an identity that may read the blob."
            raise AddressForbidden(f"The URL of {host} has a user's name before the host.", hint)
        kinds = _open_kinds(parts.scheme.lower(), host.lower(), port)
        if port < FREE_PORTS and port not in PORTS.values() and not kinds:
            raise AddressForbidden(
                f"{host}:{port} is no port of a web server: 80, 443 and those from {FREE_PORTS} on are.",
                f"Use another port, or let Kiln's operator name {host}:{port} in {SETTING}.",
            )
        return Place(host, port, kinds)

    def addresses(self, host: str) -> tuple[str, ...]:
        """Return the addresses of this server's `host`, all of them allowed. Asks the resolver, once.

        Raises `AddressForbidden`, or `socket.gaierror` when nobody knows the host.
        """
        if self.host.isascii() and host.lower() != self.host.lower():
            raise AddressForbidden(f"{self.host} can be read in two ways.", "Correct the URL in the template.")
        found = socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM)
        addresses = tuple(dict.fromkeys(str(place[0]) for *_, place in found))
        for address in addresses:
            self.check(address)
        return addresses

    def check(self, address: str) -> None:
        """Raise `AddressForbidden` when this server must not have that address."""
        bare = ipaddress.ip_address(address.partition("%")[0])
        special = special_kind(bare)
        if special is None or special[0] in self.open_kinds:
            return
        kind, name = special
        where = self.host if self.host == address else f"{self.host} is {address}, which"
        if kind is Kind.NEVER:
            raise AddressForbidden(f"{where} is {name}; Kiln fetches nothing there.", "Put the file on a web server.")
        if _within(bare, config().private_artifacts):
            return
        raise AddressForbidden(
            f"{where} is {name}; Kiln fetches from public addresses alone unless its operator allows others.",
            f"Let Kiln's operator name the host or its network in {SETTING}, or put the file on a public server.",
        )


def special_kind(address: Address) -> tuple[Kind, str] | None:
    """Return what an address is, in words too, or None when it is public."""
    if isinstance(address, ipaddress.IPv6Address) and any(address in network for network in _TRANSLATED):
        return special_kind(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    for network, kind, name in _SPECIAL:
        if address.version == network.version and address in network:
            return kind, name
    if address.version == _PUBLIC_V6.version and address not in _PUBLIC_V6:
        return Kind.NEVER, "a reserved address"
    return None


def _open_kinds(scheme: str, host: str, port: int) -> frozenset[Kind]:
    """Return which addresses that are not public a server may have, as the settings name it.

    An account of Azure Storage with a private endpoint has a private address ("Use private endpoints for Azure
    Storage"); over https its certificate proves who answers, whatever its name resolves to, so that is allowed.
    """
    if _is_named(host, port, config().private_artifacts):
        return frozenset({Kind.PRIVATE, Kind.LOOPBACK})
    if scheme == "https" and _is_named(host, port, config().blob_suffixes):
        whole = f"{host}:{port}" in config().blob_suffixes
        return frozenset({Kind.PRIVATE, Kind.LOOPBACK} if whole else {Kind.PRIVATE})
    return frozenset()


def _is_named(host: str, port: int, entries: Iterable[str]) -> bool:
    """Whether a host is one of the entries: a name, `name:port`, or the end of names, which begins with a dot."""
    return any(
        host.endswith(entry) if entry.startswith(".") else entry in {host, f"{host}:{port}"} for entry in entries
    )


def _within(address: Address, entries: Iterable[str]) -> bool:
    networks = (ipaddress.ip_network(entry) for entry in entries if "/" in entry)
    return any(address.version == network.version and address in network for network in networks)
