"""Texts of others made safe to show: what moves a cursor, clears a screen, or hides and turns text is written out.

Names, messages, what a guest prints and what Azure answers reach logs and terminals; a line of them must stay one line
and must not be taken for a command. It knows neither logs nor terminals.
"""

from __future__ import annotations

import re

# C0 and C1 controls (ECMA-48) with DEL, the controls of writing direction (Unicode's bidirectional algorithm, UAX #9),
# the separators of lines and paragraphs, and half characters.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]"
)
_BREAKS = re.compile("[\t\n]")


def printable(text: str) -> str:
    """Return `text` with its lines and tabs, and every other control character written as its code."""
    return _HIDDEN.sub(_escape, text)


def one_line(text: str) -> str:
    """Return `text` as one line, with every control character as an escape, line breaks too."""
    return _BREAKS.sub(_escape, printable(text))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
