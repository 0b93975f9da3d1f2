"""Request paths, as the Functions host's web server reads and writes them.

It owns escapes, of queries too, and dot segments (dotnet/aspnetcore: Kestrel's `PathDecoder`, `UrlDecoder` and
`PathNormalizer`, and `PathString.ToUriComponent`); it must not know of routes.
"""

from __future__ import annotations

import re
from urllib.parse import quote

_ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_SLASH = re.compile(rb"%2[Ff]")
_ESCAPE = re.compile(r"(%[0-9A-Fa-f]{2})")
# Characters that `PathStringHelper.IsValidPathChar` leaves as they are; quote adds letters, digits, and "-._~".
_PLAIN = "/!$&'()*+,;=:@"


class PathError(Exception):
    """A path to which the web server answers 400."""


def decoded(raw: str) -> str:
    """Return the path of a request line as routes see it.

    Escapes are decoded once, but for `%2F` and for what is no UTF-8, which stay as they are written; then dot segments
    are removed. Empty segments stay. Raises PathError.
    """
    if not raw.isascii() or not raw.startswith("/"):
        raise PathError(f"'{raw}' is no path of a request line")
    found = _ESCAPES.sub(lambda run: _characters(run[0], kept=_SLASH), raw.encode())
    if b"\0" in found:
        raise PathError(f"'{raw}' has a null character")
    return _without_dots(found.decode())


def unescaped(text: str) -> str:
    """Return a part of a query without its escapes; what is no UTF-8 stays as it is (.NET's `UnescapeDataString`)."""
    return _ESCAPES.sub(lambda run: _characters(run[0]), text.encode()).decode()


def escaped(path: str) -> str:
    """Return a decoded path as it stands in the URL that a function is given; what looks like an escape stays so."""
    parts = _ESCAPE.split(path)
    return "".join(part if index % 2 else quote(part, safe=_PLAIN) for index, part in enumerate(parts))


def _characters(run: bytes, kept: re.Pattern[bytes] | None = None) -> bytes:
    """Decode a run of escapes, but for those `kept`: character by character, so that a bad one spoils no other."""
    result = b""
    while run:
        for count in range(1, 5):
            octets = bytes.fromhex(run[: 3 * count].decode().replace("%", ""))
            if _is_character(octets) and not (kept and kept.fullmatch(run[:3])):
                result, run = result + octets, run[3 * count :]
                break
        else:
            result, run = result + run[:3], run[3:]
    return result


def _is_character(octets: bytes) -> bool:
    try:
        return len(octets.decode()) == 1
    except UnicodeDecodeError:
        return False


def _without_dots(path: str) -> str:
    """Remove dot segments (RFC 3986, 5.2.4)."""
    segments = path[1:].split("/")
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
