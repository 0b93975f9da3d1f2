"""The kinds of settings: how a text becomes a value, and which texts are not valid. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from kiln.config.setting import Accepts
from kiln.ncrontab import parse_schedule, parse_zone

WITH_SECONDS = 6
"""The number of fields of an NCRONTAB expression that begins with seconds, which may be more than one number here."""
_TENANT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _items(value: object) -> object:
    """Split a text at its commas; any other value is returned as it is."""
    return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value


def _lower(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(item.lower() for item in items)


def _places(items: tuple[str, ...]) -> tuple[str, ...]:
    """Return hosts in lower case, and networks in their canonical form. Raises `ValueError`."""
    return tuple(str(ipaddress.ip_network(item, strict=False)) if "/" in item else item for item in _lower(items))


def _endpoint(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError
    return text.rstrip("/")


def _authority(text: str) -> str | None:
    """Return an authority in lower case, for comparing tenant ids; None for a blank one. Raises `ValueError`."""
    authority = text.strip().rstrip("/").lower()
    parts = urlsplit(authority)
    plain = parts.scheme == "https" and parts.hostname and not (parts.query or parts.fragment or parts.username)
    if authority and not (plain and _TENANT.fullmatch(parts.path.removeprefix("/"))):
        raise ValueError
    return authority or None


def _flag(value: object) -> object:
    """Return whether a text is `true`, in any case. Raises `ValueError` unless it is that, `false` or empty."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    if word not in {"", "true", "false"}:
        raise ValueError
    return word == "true"


def _is_true(value: object) -> object:
    return value.strip().lower() == "true" if isinstance(value, str) else value


def _schedule(text: str) -> str:
    """Return a timer's schedule as it is. Raises `ValueError` if it is not valid."""
    fields = text.split()
    if len(fields) == WITH_SECONDS:
        seconds, minutes, *others = fields
        parse_schedule(" ".join((minutes, *others)), parse_zone("UTC"))
        parse_schedule(" ".join((seconds, *others)), parse_zone("UTC"))  # seconds are written like minutes
    else:
        parse_schedule(text, parse_zone("UTC"))
    return text


Endpoint = Annotated[str, AfterValidator(_endpoint), Accepts("an http or https URL with a host, without user or query")]
Url = Annotated[str | None, Accepts("a URL")]
ClientId = Annotated[str | None, Accepts("a client id")]
Scope = Annotated[str, Accepts("a scope of Entra ID")]
Hosts = Annotated[
    tuple[str, ...],
    BeforeValidator(_items),
    AfterValidator(_lower),
    Accepts("endings of host names with a leading dot, or `host:port`, comma-separated"),
]
Places = Annotated[
    tuple[str, ...],
    BeforeValidator(_items),
    AfterValidator(_places),
    Accepts(
        "hosts, `host:port`, endings of host names with a leading dot, networks such as `10.1.0.0/16`, comma-separated"
    ),
]
PublicHost = Annotated[
    str | None, Field(pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$"), Accepts("a host, or `host:port`, without `https://`")
]
Authority = Annotated[str | None, AfterValidator(_authority), Accepts("`https://<host>/<tenant id>`")]
Audiences = Annotated[frozenset[str], BeforeValidator(_items), Accepts("client ids or URIs, comma-separated")]
Flag = Annotated[bool, BeforeValidator(_flag), Accepts("`true` or `false`")]
PlatformFlag = Annotated[bool, BeforeValidator(_is_true), Accepts("`True`, which App Service itself sets")]
Factor = Annotated[float, Field(allow_inf_nan=False), Accepts("a number; 0 for no limit")]
Schedule = Annotated[str, AfterValidator(_schedule), Accepts("an NCRONTAB expression, in UTC")]
Grants = Annotated[str, Accepts("a JSON list of `{principal, role, scope}`")]
Reach = Annotated[str, Accepts("a JSON list of `{templates, resources}`")]
