"""Recognize IP addresses that are not public, by IANA's registries as a table, without asking anybody."""

from __future__ import annotations

import ipaddress
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Kind(StrEnum):
    """The kind of an address that is not public."""

    LOOPBACK = "loopback"
    PRIVATE = "private"
    NEVER = "never"
    """No artifact server is there, but perhaps the host's own metadata service: no setting allows it."""


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


def special_kind(address: Address) -> tuple[Kind, str] | None:
    """Return an address's kind, and what it is in words; None if it is public."""
    if isinstance(address, ipaddress.IPv6Address) and any(address in network for network in _TRANSLATED):
        return special_kind(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    for network, kind, name in _SPECIAL:
        if address.version == network.version and address in network:
            return kind, name
    if address.version == _PUBLIC_V6.version and address not in _PUBLIC_V6:
        return Kind.NEVER, "a reserved address"
    return None
