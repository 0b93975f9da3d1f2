"""Errors of downloads: what keeps a file from being fetched, in words, and what to do about it.

A fault that may pass is `Busy` or `Broken`; one that will not pass is `ArtifactUnavailable`, for example a host that is
unknown or refuses connections. A URL's query may be a signature, so no message has it.
"""

from __future__ import annotations

import errno
import http
import socket
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kiln.cloud.blob_tokens import is_signed, may_have_token
from kiln.config import config
from kiln.errors import ArtifactUnavailable

if TYPE_CHECKING:
    import httpx

    from kiln.planner.staging import ArtifactSpec

REFUSALS = (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN, http.HTTPStatus.CONFLICT)
"""The status codes of a missing permission: Blob Storage answers anonymous reads with 409 (PublicAccessNotPermitted)
where it allows none."""
PASSING = (http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.TOO_MANY_REQUESTS)
NO_SERVER = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH)
"""The errors of connections to an address without a server: another try would fail in the same way."""


class Busy(ConnectionError):
    """The server cannot serve the file now (408, 429, 5xx). `retry_after` is in seconds, 0 if the server gave none."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Broken(ConnectionError):
    """The connection broke, or no data came through it."""


def refused(artifact: ArtifactSpec, message: str, hint: str | None = None) -> ArtifactUnavailable:
    """Return the error of an artifact's file that somebody must do something about."""
    return ArtifactUnavailable(f"{artifact.property_path}: {message}", target=artifact.property_path, hint=hint)


def not_served(artifact: ArtifactSpec, where: str, answer: httpx.Response) -> Exception:
    """Return the error of an answer that is not the file: `Busy` if another try may help."""
    status = answer.status_code
    said = f"{public(where)} answered {status} {answer.reason_phrase}".rstrip(". ") + "."
    if answer.is_server_error or status in PASSING:
        return Busy(said, _retry_after(got_after=answer.headers.get("Retry-After"), now=datetime.now(UTC)))
    return refused(artifact, said, hint=_hint(artifact, where, status))


def _retry_after(got_after: str | None, now: datetime) -> float:
    """Return the seconds that a Retry-After header asks for (RFC 9110 section 10.2.3), or 0 if it gives none."""
    text = (got_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)


def _hint(artifact: ArtifactSpec, where: str, status: int) -> str:
    if status not in REFUSALS:
        return "Correct the URL in the template, or put the file there."
    if is_signed(where):
        return "Its signature may have expired, or not allow reading: make a new one."
    if not may_have_token(where):
        return "Kiln fetches the file itself: the URL must be readable without a browser's session."
    if artifact.identity is None:
        return "Give the template an identity that may read the blob, or sign the URL (SAS)."
    return f"Give the identity {artifact.identity} the role Storage Blob Data Reader at that account."


def unreachable(artifact: ArtifactSpec, where: str, error: httpx.TransportError) -> Exception:
    """Return the error of a failed connection: `ArtifactUnavailable` if somebody must act, `Broken` if it may pass."""
    host = urlsplit(where).hostname
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            hint = "Its certificate must be valid, and from an authority that Kiln's host trusts."
            return refused(artifact, f"The certificate of {host} is not trusted: {cause.verify_message}.", hint=hint)
        if isinstance(cause, socket.gaierror) and cause.errno != socket.EAI_AGAIN:
            return refused(artifact, f"The host {host} is not known.", hint="Correct the URL in the template.")
        if isinstance(cause, OSError) and cause.errno in NO_SERVER:
            hint = "Correct the host and port of the URL in the template, or start the server."
            return refused(artifact, f"Nothing answers at {public(where)}: {cause.strerror}.", hint=hint)
        cause = cause.__cause__ or cause.__context__
    return Broken(f"{public(where)} cannot be reached: {words(error)}")


def unreached(artifact: ArtifactSpec, error: Broken) -> ArtifactUnavailable:
    """Return the error of a server that could not be reached by any try."""
    hint = "Check that the server is up and fast enough, and that Kiln's network can reach it."
    return refused(artifact, f"{error}.", hint=hint)


def too_slow(artifact: ArtifactSpec, where: str, seconds: float) -> ArtifactUnavailable:
    """Return the error of a server that did not send the whole file within `seconds`."""
    minutes = int(seconds // 60)
    return refused(
        artifact,
        f"{public(where)} did not send the whole file within {minutes} minutes.",
        hint="Put the file on a faster server, or let a script in the build fetch it.",
    )


def too_large(artifact: ArtifactSpec) -> ArtifactUnavailable:
    """Return the error of a file that is larger than the limit."""
    return refused(
        artifact,
        f"{public(artifact.url)} is larger than {config().artifact_limit_mb} MiB, the limit for artifacts.",
        hint="Let a script in the build fetch it, or raise KILN_ARTIFACT_LIMIT_MB.",
    )


def words(error: Exception) -> str:
    """Return an error's text without its final full stop, or the name of its class if it has no text."""
    return str(error).rstrip(". ") or type(error).__name__


def public(url: str) -> str:
    """Return a URL without the parts that may be secret: its query, its fragment, and a user name and password."""
    parts = urlsplit(url)
    if parts.scheme.lower() == "data":
        return "the data URL"
    return parts._replace(query="", fragment="", netloc=parts.netloc.rpartition("@")[2]).geturl()
