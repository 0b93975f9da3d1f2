"""Scripts and files that templates name by URL: fetched once, checked, and kept as blobs in the staging storage.

`http`, `https` and `data` URLs. The content streams through; it is never held whole in memory.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from kiln import blobs
from kiln.cloud.failures import azure
from kiln.cloud.staging import ARTIFACTS
from kiln.errors import ArtifactUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.messages import StagedStorage
    from kiln.planner.staging import ArtifactSpec

TIMEOUT = 60.0
"""Seconds to connect, and between two pieces of a body."""


def stage(storage: StagedStorage, artifact: ArtifactSpec) -> None:
    """Take an artifact into the staging storage. Raises `ArtifactUnavailable`; doing it again overwrites."""
    digest = hashlib.sha256()
    container = blobs.account(storage.endpoint).get_container_client(ARTIFACTS)
    with azure(f"store the artifact of {artifact.property_path}"):
        container.upload_blob(artifact.blob, _hashed(_content(artifact), digest), overwrite=True)
    found = digest.hexdigest()
    if artifact.sha256 and found != artifact.sha256:
        container.delete_blob(artifact.blob)
        raise ArtifactUnavailable(
            f"{artifact.property_path} has the SHA-256 {found}, but sha256Checksum says {artifact.sha256}.",
            target=artifact.property_path,
            hint="Check what the URL serves now, then correct the template.",
        )


def _content(artifact: ArtifactSpec) -> Iterator[bytes]:
    match urlsplit(artifact.url).scheme.lower():
        case "data":
            return iter([_data(artifact)])
        case "http" | "https":
            return _download(artifact)
        case scheme:
            raise ArtifactUnavailable(
                f"{artifact.property_path} is a {scheme or 'relative'} URL; expected http, https or data.",
                target=artifact.property_path,
            )


def _data(artifact: ArtifactSpec) -> bytes:
    """Return what a data URL holds (RFC 2397)."""
    head, comma, body = artifact.url.partition(",")
    if not comma:
        raise ArtifactUnavailable(f"{artifact.property_path}: a data URL needs a comma.", target=artifact.property_path)
    raw = unquote_to_bytes(body)
    if not head.lower().endswith(";base64"):
        return raw
    try:
        return base64.b64decode(raw, validate=True)
    except ValueError as error:
        raise ArtifactUnavailable(
            f"{artifact.property_path}: the data URL is not base64.", target=artifact.property_path
        ) from error


def _download(artifact: ArtifactSpec) -> Iterator[bytes]:
    import httpx

    where = urlsplit(artifact.url)._replace(query="", fragment="").geturl()  # a query may be a signature: a secret
    try:
        with httpx.stream("GET", artifact.url, follow_redirects=True, timeout=TIMEOUT) as answer:
            if answer.is_server_error:
                answer.raise_for_status()
            if not answer.is_success:
                raise ArtifactUnavailable(
                    f"{artifact.property_path}: {where} answered {answer.status_code}.",
                    target=artifact.property_path,
                    hint="Kiln fetches the file itself: the URL must be readable without a browser's session.",
                )
            yield from answer.iter_bytes()
    except httpx.UnsupportedProtocol as error:
        raise ArtifactUnavailable(f"{artifact.property_path}: {error}", target=artifact.property_path) from error


def _hashed(pieces: Iterator[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece
