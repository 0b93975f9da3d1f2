"""Functions of ranges of IP addresses. Source: Microsoft's "CIDR functions for ARM templates"."""

from __future__ import annotations

import ipaddress
from typing import Any

from kiln.arm_template.faults import ExpressionInvalid
from kiln.arm_template.functions.table import Function, text, whole

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LAST_WITH_ENDS = 31
"""The longest prefix of an IPv4 network but one: those have no network and broadcast addresses (RFC 3021)."""


def _network(value: Any) -> Network:
    try:
        return ipaddress.ip_network(text(value), strict=False)
    except ValueError as error:
        raise ExpressionInvalid("not a range of addresses, such as 10.0.0.0/16") from error


def _parse(value: Any) -> dict[str, Any]:
    network = _network(value)
    first, last = network.network_address, network.broadcast_address
    found: dict[str, Any] = {"network": str(first), "netmask": str(network.netmask)}
    if network.version == 4:  # noqa: PLR2004 - IPv4
        found["broadcast"] = str(last)
        if network.prefixlen < _LAST_WITH_ENDS:
            first, last = first + 1, last - 1
    return {**found, "firstUsable": str(first), "lastUsable": str(last), "cidr": network.prefixlen}


def _subnet(value: Any, prefix: Any, index: Any) -> str:
    network = _network(value)
    if not network.prefixlen <= whole(prefix) <= network.max_prefixlen:
        raise ExpressionInvalid(f"a subnet's prefix must be {network.prefixlen} to {network.max_prefixlen}")
    if not 0 <= whole(index) < 2 ** (prefix - network.prefixlen):
        raise ExpressionInvalid(f"{network} has no subnet {index} with the prefix {prefix}")
    first = network.network_address + index * 2 ** (network.max_prefixlen - prefix)
    return f"{first}/{prefix}"


def _host(value: Any, index: Any) -> str:
    network = _network(value)
    ends = network.version == 4 and network.prefixlen < _LAST_WITH_ENDS  # noqa: PLR2004 - IPv4
    at = whole(index) + (1 if ends else 0)
    if index < 0 or at >= network.num_addresses - (1 if ends else 0):
        raise ExpressionInvalid(f"{network} has no host {index}")
    return str(network.network_address + at)


FUNCTIONS = (
    Function("cidrHost", 2, 2, _host),
    Function("cidrSubnet", 3, 3, _subnet),
    Function("parseCidr", 1, 1, _parse),
)
