"""Downloads of artifacts by http and https, streamed. Blobs of Azure Storage are read with a template's identity.

Redirects are followed here one by one, so that a token goes only to hosts of Azure Storage. addresses.py decides which
addresses a URL may lead to; proxies and logins from the environment (a .netrc) are not used. A URL's query may be a
signature, so no message has it. A fault that may pass is raised as `Busy` or `Broken`; one that will not pass as
`ArtifactUnavailable`, for example a host that is unknown or refuses connections.
"""

from __future__ import annotations

import errno
import http
import socket
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urljoin, urlsplit

from kiln.cloud.addresses import AddressForbidden, Place
from kiln.config import config, identity_credential
from kiln.errors import ArtifactUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from kiln.cloud.pinned import Patience
    from kiln.planner.staging import ArtifactSpec

DEADLINE = 25 * 60.0
"""Seconds for one file with all redirects; an activity has 30 minutes (functionTimeout in host.json)."""
REDIRECTS = 10
STORAGE_SCOPE = "https://storage.azure.com/.default"
STORAGE_VERSION = "2023-11-03"
"""The version of Azure Storage's REST API; tokens need at least 2017-11-09 ("Authorize with Microsoft Entra ID")."""
REFUSALS = (http.HTTPStatus.UNAUTHORIZED, http.HTTPStatus.FORBIDDEN, http.HTTPStatus.CONFLICT)
"""The status codes of a missing permission: Blob Storage answers anonymous reads with 409 (PublicAccessNotPermitted)
where it allows none."""
PASSING = (http.HTTPStatus.REQUEST_TIMEOUT, http.HTTPStatus.TOO_MANY_REQUESTS)

WHOLE = (http.HTTPStatus.OK, http.HTTPStatus.NON_AUTHORITATIVE_INFORMATION)
"""The status codes with which the answer to a plain GET is the whole file (RFC 9110, 15.3); 206 is only a part."""

NO_SERVER = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH)
"""The errors of connections to an address without a server: another try would fail in the same way."""


class Busy(ConnectionError):
    """The server cannot serve the file now (408, 429, 5xx). `retry_after` is in seconds, 0 if the server gave none."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Broken(ConnectionError):
    """The connection broke, or no data came through it."""


def download(artifact: ArtifactSpec) -> Iterator[bytes]:
    """Yield the bytes of the artifact's file as the server stores them, without decoding.

    Raises `ArtifactUnavailable`, or `Busy` or `Broken` where another try may help.
    """
    import httpx
    import idna

    from kiln.cloud.pinned import Patience

    where, patience = artifact.url, Patience(DEADLINE)
    for _ in range(REDIRECTS):
        try:
            with (
                _client(where, patience) as client,
                client.stream("GET", where, headers=_headers(artifact, where)) as got,
            ):
                if not got.is_redirect:
                    _check(artifact, where, got)
                    yield from got.iter_raw()
                    return
                where = _next(artifact, where, got)
        except AddressForbidden as error:
            raise _refused(artifact, str(error), hint=error.hint) from error
        except httpx.TransportError as error:
            if patience.is_over:
                raise _too_slow(artifact, where) from error
            raise _unreachable(artifact, where, error) from error
        except idna.IDNAError as error:  # httpx parses a redirect's target, although it does not follow it
            said = f"{_public(where)} redirects to a name that cannot be a host's name: {error}."
            raise _refused(artifact, said, hint="Make the server redirect to the URL of the file.") from error
        except httpx.InvalidURL as error:
            raise _refused(artifact, f"{_public(where)} is not a valid URL: {_words(error)}.") from error
    raise _refused(artifact, f"{_public(artifact.url)} redirects more than {REDIRECTS} times.")


def _client(where: str, patience: Patience) -> httpx.Client:
    """Return a client for one request to `where`. It trusts the authorities in SSL_CERT_FILE, if that is set."""
    import httpx

    from kiln.cloud.pinned import PinnedTransport

    transport = PinnedTransport(Place.of(where), patience, _certificates())
    return httpx.Client(transport=transport, follow_redirects=False, trust_env=False)


def _certificates() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


def may_have_token(url: str) -> bool:
    """Whether a token may be sent to `url`: its host is of Azure Storage, over https, without a user name."""
    parts = urlsplit(url)
    host, place = (parts.hostname or "").lower(), parts.netloc.lower()
    return (
        parts.scheme.lower() == "https"
        and "@" not in place
        and any(
            host.endswith(suffix) if suffix.startswith(".") else place == suffix for suffix in config().blob_suffixes
        )
    )


def is_signed(url: str) -> bool:
    """Whether a URL has a signature (a SAS) in its query."""
    return "sig" in parse_qs(urlsplit(url).query)


def _headers(artifact: ArtifactSpec, where: str) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if artifact.identity and may_have_token(where) and not is_signed(where):
        headers |= {"Authorization": f"Bearer {_token(artifact, artifact.identity)}", "x-ms-version": STORAGE_VERSION}
    return headers


def _token(artifact: ArtifactSpec, identity: str) -> str:
    from azure.core.exceptions import ClientAuthenticationError

    try:
        return str(identity_credential(identity).get_token(STORAGE_SCOPE).token)
    except ClientAuthenticationError as error:
        raise _refused(
            artifact,
            f"Kiln cannot sign in as the template's identity {identity}: {error.message}",
            hint="Assign the identity to Kiln's function app.",
        ) from error


def _check(artifact: ArtifactSpec, where: str, answer: httpx.Response) -> None:
    """Raise an error unless the answer is the file, not too large, and of a script not encoded."""
    if answer.status_code in WHOLE:
        if artifact.is_script and (coding := answer.headers.get("Content-Encoding", "identity").lower()) != "identity":
            raise _refused(
                artifact,
                f"{_public(where)} is a script with Content-Encoding: {coding}, although Kiln asked for no encoding.",
                hint="Make the server send it without Content-Encoding: nothing on the machine decodes it.",
            )
        size = int(answer.headers.get("Content-Length") or 0)
        if size > config().artifact_limit:
            raise too_large(artifact)
        return
    status = answer.status_code
    said = f"{_public(where)} answered {status} {answer.reason_phrase}".rstrip(". ") + "."
    if answer.is_server_error or status in PASSING:
        raise Busy(said, _retry_after(got_after=answer.headers.get("Retry-After"), now=datetime.now(UTC)))
    raise _refused(artifact, said, hint=_hint(artifact, where, status))


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


def _next(artifact: ArtifactSpec, where: str, answer: httpx.Response) -> str:
    try:
        target: str = urljoin(where, answer.headers.get("Location", ""))
        before, after = urlsplit(where).scheme.lower(), urlsplit(target).scheme.lower()
    except ValueError as error:
        raise _refused(artifact, f"{_public(where)} redirects to an invalid URL: {_words(error)}.") from error
    if after not in {"http", "https"} or (before == "https" and after == "http"):
        raise _refused(artifact, f"{_public(where)} redirects from {before} to {after}, which Kiln does not follow.")
    return target


def _unreachable(artifact: ArtifactSpec, where: str, error: httpx.TransportError) -> Exception:
    """Return the error of a failed connection: `ArtifactUnavailable` if somebody must act, `Broken` if it may pass."""
    host = urlsplit(where).hostname
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            hint = "Its certificate must be valid, and from an authority that Kiln's host trusts."
            return _refused(artifact, f"The certificate of {host} is not trusted: {cause.verify_message}.", hint=hint)
        if isinstance(cause, socket.gaierror) and cause.errno != socket.EAI_AGAIN:
            return _refused(artifact, f"The host {host} is not known.", hint="Correct the URL in the template.")
        if isinstance(cause, OSError) and cause.errno in NO_SERVER:
            hint = "Correct the host and port of the URL in the template, or start the server."
            return _refused(artifact, f"Nothing answers at {_public(where)}: {cause.strerror}.", hint=hint)
        cause = cause.__cause__ or cause.__context__
    return Broken(f"{_public(where)} cannot be reached: {_words(error)}")


def unreached(artifact: ArtifactSpec, error: Broken) -> ArtifactUnavailable:
    """Return the error of a server that could not be reached by any try."""
    hint = "Check that the server is up and fast enough, and that Kiln's network can reach it."
    return _refused(artifact, f"{error}.", hint=hint)


def _too_slow(artifact: ArtifactSpec, where: str) -> ArtifactUnavailable:
    minutes = int(DEADLINE // 60)
    return _refused(
        artifact,
        f"{_public(where)} did not send the whole file within {minutes} minutes.",
        hint="Put the file on a faster server, or let a script in the build fetch it.",
    )


def too_large(artifact: ArtifactSpec) -> ArtifactUnavailable:
    """Return the error of a file that is larger than the limit."""
    return _refused(
        artifact,
        f"{_public(artifact.url)} is larger than {config().artifact_limit_mb} MiB, the limit for artifacts.",
        hint="Let a script in the build fetch it, or raise KILN_ARTIFACT_LIMIT_MB.",
    )


def _refused(artifact: ArtifactSpec, message: str, hint: str | None = None) -> ArtifactUnavailable:
    return ArtifactUnavailable(f"{artifact.property_path}: {message}", target=artifact.property_path, hint=hint)


def _words(error: Exception) -> str:
    """Return an error's text without its final full stop, or the name of its class if it has no text."""
    return str(error).rstrip(". ") or type(error).__name__


def _public(url: str) -> str:
    """Return a URL without the parts that may be secret: its query, its fragment, and a user name and password."""
    parts = urlsplit(url)
    if parts.scheme.lower() == "data":
        return "the data URL"
    return parts._replace(query="", fragment="", netloc=parts.netloc.rpartition("@")[2]).geturl()
