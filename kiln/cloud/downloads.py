"""Downloads of artifacts by http and https, streamed. Blobs of Azure Storage are read with a template's identity.

Redirects are followed here one by one, so that a token goes only to hosts of Azure Storage. addresses.py decides which
addresses a URL may lead to, and download_errors.py what is said of a failure; proxies and logins from the environment
(a .netrc) are not used.
"""

from __future__ import annotations

import http
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from kiln.cloud.addresses import AddressForbidden, Place
from kiln.cloud.blob_tokens import is_signed, may_have_token
from kiln.cloud.download_errors import not_served, public, refused, too_large, too_slow, unreachable, words
from kiln.config import config, identity_credential

if TYPE_CHECKING:
    import ssl
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
WHOLE = (http.HTTPStatus.OK, http.HTTPStatus.NON_AUTHORITATIVE_INFORMATION)
"""The status codes with which the answer to a plain GET is the whole file (RFC 9110, 15.3); 206 is only a part."""


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
            raise refused(artifact, str(error), hint=error.hint) from error
        except httpx.TransportError as error:
            if patience.is_over:
                raise too_slow(artifact, where, DEADLINE) from error
            raise unreachable(artifact, where, error) from error
        except idna.IDNAError as error:  # httpx parses a redirect's target, although it does not follow it
            said = f"{public(where)} redirects to a name that cannot be a host's name: {error}."
            raise refused(artifact, said, hint="Make the server redirect to the URL of the file.") from error
        except httpx.InvalidURL as error:
            raise refused(artifact, f"{public(where)} is not a valid URL: {words(error)}.") from error
    raise refused(artifact, f"{public(artifact.url)} redirects more than {REDIRECTS} times.")


def _client(where: str, patience: Patience) -> httpx.Client:
    """Return a client for one request to `where`. It trusts the authorities in SSL_CERT_FILE, if that is set."""
    import httpx

    from kiln.cloud.pinned import PinnedTransport

    transport = PinnedTransport(Place.of(where), patience, _certificates())
    return httpx.Client(transport=transport, follow_redirects=False, trust_env=False)


def _certificates() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


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
        raise refused(
            artifact,
            f"Kiln cannot sign in as the template's identity {identity}: {error.message}",
            hint="Assign the identity to Kiln's function app.",
        ) from error


def _check(artifact: ArtifactSpec, where: str, answer: httpx.Response) -> None:
    """Raise an error unless the answer is the file, not too large, and of a script not encoded."""
    if answer.status_code in WHOLE:
        if artifact.is_script and (coding := answer.headers.get("Content-Encoding", "identity").lower()) != "identity":
            raise refused(
                artifact,
                f"{public(where)} is a script with Content-Encoding: {coding}, although Kiln asked for no encoding.",
                hint="Make the server send it without Content-Encoding: nothing on the machine decodes it.",
            )
        size = int(answer.headers.get("Content-Length") or 0)
        if size > config().artifact_limit:
            raise too_large(artifact)
        return
    raise not_served(artifact, where, answer)


def _next(artifact: ArtifactSpec, where: str, answer: httpx.Response) -> str:
    try:
        target: str = urljoin(where, answer.headers.get("Location", ""))
        before, after = urlsplit(where).scheme.lower(), urlsplit(target).scheme.lower()
    except ValueError as error:
        raise refused(artifact, f"{public(where)} redirects to an invalid URL: {words(error)}.") from error
    if after not in {"http", "https"} or (before == "https" and after == "http"):
        raise refused(artifact, f"{public(where)} redirects from {before} to {after}, which Kiln does not follow.")
    return target
