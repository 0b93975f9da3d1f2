"""Ids and URLs as lists of segments: one is within another on the borders of segments alone, never by a mere prefix.

It owns which ids and URLs are plain enough to be judged: whatever a server could read in another way is none.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit

Segments = tuple[str, ...]

_ARM_SEGMENT = re.compile(r"(?!\.+$)[\w.()-]+")
"""What names of resources and their types are made of, and no more ("Naming rules and restrictions for Azure
resources"): neither `%` nor `?`, nor a segment of dots, which clients and proxies take for a way up."""

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_URL_TEXT = re.compile(r"[!-~]+")
_DEFAULT_PORTS = {"https": 443, "http": 80}
_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def folded(text: str) -> str:
    """Return `text` with ASCII letters in lower case, as Resource Manager compares; `str.lower` makes a K of KELVIN."""
    return text.translate(_FOLD)


def arm_segments(arm_id: str) -> Segments | None:
    """Return the folded segments of a path such as `/subscriptions/x`, none for `/`; None for what is not plain."""
    if arm_id == "/":
        return ()
    first, *parts = arm_id.split("/")
    if first or not parts or not all(_ARM_SEGMENT.fullmatch(part) for part in parts):
        return None
    return tuple(folded(part) for part in parts)


def url_segments(url: str) -> Segments | None:
    """Return scheme, host with port, and the decoded segments of the path of an http or https URL.

    None for what is not plain: with a user, a query or a fragment, with an empty or dotted segment, or with an encoded
    slash or percent sign. A slash at the end is passed over.
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
    """Return a URL's segment as the text that it stands for, or None when that could be read in another way."""
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
"""Segments of the smallest scope below `/`: /subscriptions/<id>."""


@dataclass(frozen=True)
class Scope:
    """A resource with all that is below it, as rules name it. With `open_end` the last segment begins a name."""

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
            raise ValueError(f"{text!r} is no scope: expected /, or an id that begins with /subscriptions/")
        if open_end and (not segments or len(segments) % 2):
            raise ValueError(f"{text!r} is no scope: * stands at the end of a resource's name alone")
        return Scope(segments, open_end)

    def covers(self, arm_id: str) -> bool:
        """Whether an ARM id is in the scope, in any case; one that is not plain is in none."""
        place = arm_segments(arm_id)
        if place is None or not self.open_end:
            return is_within(place, self.segments)
        above, begins = self.segments[:-1], self.segments[-1]
        return is_within(place, above) and "".join(place[len(above) :][:1]).startswith(begins)
