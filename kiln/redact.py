"""Redaction of secrets: text that looks like a secret is replaced, in errors, in log lines and in URLs.

This module decides what looks like a secret in texts of others, such as an error of Azure's that quotes a URL. Kiln's
own secrets have a type (kiln.secret) and never get into a text.
"""

from __future__ import annotations

import logging
import re
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from kiln.printable import one_line, printable

HIDDEN: Final = "REDACTED"
"""The text that replaces a secret."""

_NAME = r"(?:sig|signature|token|secret|password|passwd|pwd|key|code|credential|auth)"
_PARAMETER = re.compile(rf"[\w.$-]{{0,64}}?{_NAME}", re.IGNORECASE)
"""A name in a URL's query whose value is a secret: `sig` of a SAS, `code` of a function, `X-Amz-Signature`."""
_VALUE = r"(?:[^&;\s\"'<>#\\]|\\/|\\u002[BF])+"
"""A value in a URL's query; JSON may escape a slash (`\\/`) and a plus sign (`\\u002B`) in it."""
_LEVELS = 8
"""How many levels are decoded to find URLs in a URL's query: each percent-encoding and each nesting is one.

A value that is still encoded after that is replaced whole.
"""
_IN_TEXT = (
    (re.compile(rf"((?:[?&;]|u0026){_PARAMETER.pattern}=){_VALUE}", re.IGNORECASE), rf"\1{HIDDEN}"),
    (
        # A URL in another one's query: servers that want a login redirect with it.
        re.compile(rf"(%(?:25){{0,2}}(?:26|3F){_PARAMETER.pattern}%(?:25){{0,2}}3D){_VALUE}", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b(sig=)(?:[\w%+/=-]|\\/|\\u002[BF]){16,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    (
        re.compile(
            r"\b((?:AccountKey|SharedAccessKey|SharedAccessSignature|client_secret|access_token|refresh_token|id_token"
            r"|client_assertion|password)\s{0,4}=\s{0,4})[^\s;,\"'<>]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(
            r"""(["'](?:access_?token|refresh_?token|id_?token|client_?secret|admin_?password|account_?key|secret)["']"""
            r"""\s{0,4}:\s{0,4}["'])[^"']+""",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"\b(Bearer\s{1,4})[\w.~+/=%-]{20,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"\b(Authorization\W{1,6}(?:Basic|SharedKey)\s{1,4})[^\s\"',]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"), HIDDEN),
    (re.compile(r"(://)[^/\s:@\"'?#]{0,256}:[^/\s@\"'?#]{1,512}@"), rf"\1{HIDDEN}@"),
)


def redact(text: str) -> str:
    """Return `text` with all that looks like a secret replaced. Redacting the result again changes nothing."""
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def hide_in_url(url: str) -> str:
    """Return a URL with the secrets in its query, and its user name and password, replaced by `HIDDEN`.

    The same is done to URLs in its query, percent-encoded or not, such as a proxy or a server that wants a login takes
    them. A text that is not an http or https URL is returned as it is.
    """
    return _without(url, _LEVELS)


def _without(url: str, levels: int) -> str:
    parts = _parts(url)
    if parts is None:
        return url
    pairs = [pair.partition("=") for pair in parts.query.split("&")]
    query = "&".join(name + equals + _shown(name, value, levels) for name, equals, value in pairs)
    _, at, host = parts.netloc.rpartition("@")
    netloc = f"{HIDDEN}@{host}" if at else host
    if (netloc, query) == (parts.netloc, parts.query):
        return url  # to the letter: `geturl` may write the same URL in another way
    return parts._replace(netloc=netloc, query=query).geturl()


def _shown(name: str, value: str, levels: int) -> str:
    """Return a parameter's value with its secrets replaced; without any it stays exactly as it was sent."""
    if value and _is_secret(unquote(name)):
        return HIDDEN
    if not levels:
        return redact(value) if unquote(value) == value else HIDDEN
    shown = _without(value, levels - 1)
    decoded = unquote(shown)
    if decoded == shown or _has_query(value):
        return shown
    inner = _shown("", decoded, levels - 1)
    return shown if inner == decoded else quote(inner, safe="", errors="replace")


def is_hidden(url: str) -> bool:
    """Whether `hide_in_url` has replaced something in a URL, or in a URL in its query."""
    return _has_hidden(url, _LEVELS)


def _has_hidden(url: str, levels: int) -> bool:
    parts = _parts(url)
    if parts is None:
        return False
    pairs = [pair.partition("=") for pair in parts.query.split("&")]
    return parts.netloc.startswith(f"{HIDDEN}@") or any(_hides(name, value, levels) for name, _, value in pairs)


def _hides(name: str, value: str, levels: int) -> bool:
    if value == HIDDEN or _is_secret(unquote(name)):
        return value == HIDDEN
    if not levels:
        return HIDDEN in value
    if _has_hidden(value, levels - 1):
        return True
    decoded = unquote(value)
    return decoded != value and not _has_query(value) and _hides("", decoded, levels - 1)


def _has_query(value: str) -> bool:
    """Whether a value is a URL with a query that is not encoded, so that each parameter is examined by itself."""
    parts = _parts(value)
    return parts is not None and bool(parts.query)


def redact_logs() -> None:
    """Make all log records of this process redact secrets in their messages and exceptions."""
    if logging.getLogRecordFactory() is not RedactedRecord:
        logging.setLogRecordFactory(RedactedRecord)


class RedactedRecord(logging.LogRecord):
    """A log record that redacts itself, whichever formatter is used."""

    def getMessage(self) -> str:  # noqa: N802 - the standard library's name
        """Return the message with its arguments, redacted and in one line. An exception's trace is redacted, too.

        Each line of the trace gets a mark, so that it cannot be mistaken for another record.
        """
        if self.exc_info and not self.exc_text:
            trace = printable(redact(logging.Formatter().formatException(self.exc_info)))
            self.exc_text = "\n".join(f"| {line}" for line in trace.split("\n"))
        return one_line(redact(super().getMessage()))


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None  # not a URL, which the rules of the template language report
    return parts if parts.scheme.lower() in {"http", "https"} else None


def _is_secret(name: str) -> bool:
    return _PARAMETER.fullmatch(name) is not None
