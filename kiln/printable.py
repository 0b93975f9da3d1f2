"""Control characters in texts of others, escaped: none of them can move a cursor, clear a screen, or hide or turn text.

Names, messages, the output of guests and Azure's answers reach logs and terminals; one line of them must stay one line,
and must not act as a command. This module knows neither logs nor terminals.
"""

from __future__ import annotations

import re

# C0 and C1 controls (ECMA-48) with DEL, the controls of writing direction (Unicode's bidirectional algorithm, UAX #9),
# the separators of lines and paragraphs, and lone surrogates.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]"
)
_BREAKS = re.compile("[\t\n]")


def printable(text: str) -> str:
    """Return `text` with its lines and tabs; every other control character is replaced by its escape."""
    return _HIDDEN.sub(_escape, text)


def one_line(text: str) -> str:
    """Return `text` as one line: every control character, line breaks too, is replaced by its escape."""
    return _BREAKS.sub(_escape, printable(text))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
