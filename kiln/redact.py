"""Secrets out of texts: what looks like one is replaced, in errors, in log lines and in URLs.

It owns what looks like a secret. Typed secrets never get into a text (kiln.secret); this is for texts of others, such
as an error of Azure's that quotes a URL.
"""

from __future__ import annotations

import logging
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from kiln.visible import one_line, visible

HIDDEN: Final = "REDACTED"
"""What stands in a secret's place."""

_NAME = r"(?:sig|signature|token|secret|password|passwd|pwd|key|code|credential|auth)"
_PARAMETER = re.compile(rf"[\w.$-]{{0,64}}?{_NAME}", re.IGNORECASE)
"""A name in a URL's query whose value is a secret: `sig` of a SAS, `code` of a function, `X-Amz-Signature`."""
_VALUE = r"(?:[^&;\s\"'<>#\\]|\\/|\\u002[BF])+"
"""What may follow a name in a URL's query; JSON may escape a slash (`\\/`) and a plus sign (`\\u002B`)."""
_IN_TEXT = (
    (re.compile(rf"((?:[?&;]|u0026){_PARAMETER.pattern}=){_VALUE}", re.IGNORECASE), rf"\1{HIDDEN}"),
    (
        # A URL within another one's query, as servers that want a login redirect with it.
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
    """Return `text` without what looks like a secret; the rest stays as it is. Doing it again changes nothing."""
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def hide_in_url(url: str) -> str:
    """Return a URL with each secret in its query, and a user's name and password, replaced by `HIDDEN`.

    What is no http or https URL stays as it is.
    """
    parts = _parts(url)
    if parts is None:
        return url
    pairs = [pair.partition("=") for pair in parts.query.split("&")]
    query = "&".join(f"{name}={HIDDEN}" if value and _is_secret(name) else name + equals + value
                     for name, equals, value in pairs)  # fmt: skip
    _, at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{HIDDEN}@{host}" if at else host, query=query).geturl()


def is_hidden(url: str) -> bool:
    """Whether a URL has something in it that `hide_in_url` put there."""
    parts = _parts(url)
    if parts is None:
        return False
    values = {value for name, _, value in (pair.partition("=") for pair in parts.query.split("&")) if _is_secret(name)}
    return HIDDEN in values or parts.netloc.startswith(f"{HIDDEN}@")


def redact_logs() -> None:
    """Let every log record of this process say its message, and its exception's, without what looks like a secret."""
    if logging.getLogRecordFactory() is not RedactedRecord:
        logging.setLogRecordFactory(RedactedRecord)


class RedactedRecord(logging.LogRecord):
    """A log record that is redacted whoever formats it."""

    def getMessage(self) -> str:  # noqa: N802 - the standard library's name
        """Return the message with its arguments, redacted, in one line; with an exception, its trace is at hand, too.

        Each line of the trace is marked, so that none can be taken for another record.
        """
        if self.exc_info and not self.exc_text:
            trace = visible(redact(logging.Formatter().formatException(self.exc_info)))
            self.exc_text = "\n".join(f"| {line}" for line in trace.split("\n"))
        return one_line(redact(super().getMessage()))


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None  # no URL, and the rules of the template language say so
    return parts if parts.scheme.lower() in {"http", "https"} else None


def _is_secret(name: str) -> bool:
    return _PARAMETER.fullmatch(name) is not None
