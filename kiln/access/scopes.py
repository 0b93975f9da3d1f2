"""Compare ARM ids and URLs by their segments: one is within another by whole segments, never by a mere prefix.

Only plain ids and URLs are compared: a text that a server could read in another way has no segments.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit

Segments = tuple[str, ...]

_ARM_SEGMENT = re.compile(r"(?!\.+$)[\w.()-]+")
"""The characters of names of resources and types ("Naming rules and restrictions for Azure resources").

Neither `%` nor `?`; nor a segment of dots alone, which clients and proxies take for a parent folder.
"""

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_URL_TEXT = re.compile(r"[!-~]+")
_DEFAULT_PORTS = {"https": 443, "http": 80}
_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def folded(text: str) -> str:
    """Return `text` with ASCII letters in lower case, as Resource Manager compares.

    `str.lower` would do more: it turns the Kelvin sign into a k.
    """
    return text.translate(_FOLD)


def arm_segments(arm_id: str) -> Segments | None:
    """Return the folded segments of an id such as `/subscriptions/x` (of `/`: none); None if the text is not plain."""
    if arm_id == "/":
        return ()
    first, *parts = arm_id.split("/")
    if first or not parts or not all(_ARM_SEGMENT.fullmatch(part) for part in parts):
        return None
    return tuple(folded(part) for part in parts)


def url_segments(url: str) -> Segments | None:
    """Return scheme, host with port, and the decoded segments of the path of an http or https URL.

    None for a URL that is not plain: with a user, a query or a fragment, with an empty or dotted segment, or with an
    encoded slash or percent sign. A slash at the end is ignored.
    """
    if not _URL_TEXT.fullmatch(url) or any(mark in url for mark in "\\?#@"):
        return None
    try:
        parts = urlsplit(url)
        host, scheme = parts.hostname or "", parts.scheme
        port = _DEFAULT_PORTS.get(scheme) if parts.port is None else parts.port
    except ValueError:  # a port that is no number, or half an IPv6 address
        return None
    if scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host) or ".." in host:
        return None
    path = parts.path.removeprefix("/").removesuffix("/")
    decoded = [_decoded(segment) for segment in path.split("/")] if path else []
    if any(segment is None for segment in decoded):
        return None
    return (scheme, f"{host}:{port}", *(segment for segment in decoded if segment is not None))


def _decoded(segment: str) -> str | None:
    """Return a URL's segment decoded, or None if a server could read it in another way."""
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return None
    plain = text.strip(".") and text.isprintable() and not any(mark in text for mark in "/\\%?#")
    return text if plain else None


def is_within(place: Segments | None, of: Segments) -> bool:
    """Whether `place` is `of` or below it."""
    return place is not None and place[: len(of)] == of


SUBSCRIPTION = 2
"""The number of segments of a subscription's id, `/subscriptions/<id>`: the shortest scope below `/`."""


@dataclass(frozen=True)
class Scope:
    """A resource and all that is below it, as rules name it. With `open_end` the last segment is a name's beginning."""

    segments: Segments
    open_end: bool = False

    @staticmethod
    def parse(text: str) -> Scope:
        """Return the scope that `text` names: `/`, an ARM id, or one whose last name ends in `*`.

        Raises `ValueError` for any other text.
        """
        begins = text.removesuffix("*")
        segments, open_end = arm_segments(begins), begins != text
        if segments is None or (segments and (segments[0] != "subscriptions" or len(segments) < SUBSCRIPTION)):
            raise ValueError(f"{text!r} is not a scope: expected /, or an id that begins with /subscriptions/")
        if open_end and (not segments or len(segments) % 2):
            raise ValueError(f"{text!r} is not a scope: * may only be at the end of a resource's name")
        return Scope(segments, open_end)

    def covers(self, arm_id: str) -> bool:
        """Whether an ARM id is in the scope, compared without case; an id that is not plain is in no scope."""
        place = arm_segments(arm_id)
        if place is None or not self.open_end:
            return is_within(place, self.segments)
        above, begins = self.segments[:-1], self.segments[-1]
        return is_within(place, above) and "".join(place[len(above) :][:1]).startswith(begins)
