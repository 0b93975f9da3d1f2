"""The check of the addresses that a template's URLs lead to: public ones, and private ones that settings allow.

Kiln fetches from inside a network that template authors may have no access to, so addresses are checked, not names:
every address of a name must be allowed, and the download connects to these very addresses. This opens no connection.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kiln.config import config
from kiln.template.hosts import LONGEST_NAME, wrong_name
from kiln.template.special_addresses import Kind, special_kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kiln.template.special_addresses import Address

SETTING = "KILN_PRIVATE_ARTIFACTS"
PORTS = {"http": 80, "https": 443}
FREE_PORTS = 1024
"""The lowest port besides 80 and 443 that a URL may name: below it are the services of other protocols."""


class AddressForbidden(Exception):
    """A URL leads to an address that Kiln does not connect to. The text has host and reason, and no secret."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Place:
    """The server that a URL names. `open_kinds` are the kinds of addresses that it may have besides public ones."""

    host: str
    port: int
    open_kinds: frozenset[Kind]

    @staticmethod
    def of(url: str) -> Place:
        """Return the server of an http or https URL. Raises `AddressForbidden` for a bad host or port, or a user name.

        A redirect's URL was checked by nobody before, so the host may not even be a valid name.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        if (wrong := wrong_name(host)) is not None:
            raise AddressForbidden(f"{host[:LONGEST_NAME]} cannot be a host's name: {wrong}.", "Correct the URL.")
        try:
            port = parts.port or PORTS[parts.scheme.lower()]
        except (ValueError, KeyError):
            raise AddressForbidden(f"The URL of {host} has an invalid scheme or port.", "Correct the URL.") from None
        if parts.username is not None or parts.password is not None:
            hint = "Sign the URL (SAS), or give the template an identity that may read the blob."
            raise AddressForbidden(f"The URL of {host} has a user name before the host.", hint)
        kinds = _open_kinds(parts.scheme.lower(), host.lower(), port)
        if port < FREE_PORTS and port not in PORTS.values() and not kinds:
            raise AddressForbidden(
                f"{host}:{port} has a port that Kiln does not fetch from: only 80, 443 and those from {FREE_PORTS} on.",
                f"Use another port, or let Kiln's operator name {host}:{port} in {SETTING}.",
            )
        return Place(host, port, kinds)

    def addresses(self, host: str) -> tuple[str, ...]:
        """Return the addresses of this server's `host`, all of them allowed, after one call of the resolver.

        Raises `AddressForbidden`, or `socket.gaierror` when the host is unknown.
        """
        if self.host.isascii() and host.lower() != self.host.lower():
            raise AddressForbidden(f"The host {self.host} is ambiguous.", "Correct the URL in the template.")
        found = socket.getaddrinfo(host, self.port, type=socket.SOCK_STREAM)
        addresses = tuple(dict.fromkeys(str(place[0]) for *_, place in found))
        for address in addresses:
            self.check(address)
        return addresses

    def check(self, address: str) -> None:
        """Raise `AddressForbidden` when Kiln must not connect to this server at that address."""
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
            f"{where} is {name}; Kiln fetches only from public addresses, unless its operator allows others.",
            f"Let Kiln's operator name the host or its network in {SETTING}, or put the file on a public server.",
        )


def _open_kinds(scheme: str, host: str, port: int) -> frozenset[Kind]:
    """Return the kinds of addresses that a server may have besides public ones, by the settings.

    An account of Azure Storage with a private endpoint has a private address ("Use private endpoints for Azure
    Storage"). It is allowed over https, where the certificate proves who answers, whatever the name resolves to.
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
