"""Staging of artifacts: scripts and files that templates name by URL are copied into blobs, once for each version.

URLs are `http`, `https` or `data`. The content is streamed in blocks; the blob is committed when all of it has come and
its checksum is right, so an existing blob is whole. Its metadata says what it is a copy of; any other blob of its name
is overwritten.
"""

from __future__ import annotations

import base64
import hashlib
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from kiln import blobs
from kiln.cloud.download_errors import Broken, too_large, unreached
from kiln.cloud.downloads import download
from kiln.cloud.failures import azure
from kiln.cloud.staging import ARTIFACTS
from kiln.config import config
from kiln.errors import ArtifactUnavailable, AzureNotFound
from kiln.runs.tags import tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azure.storage.blob import BlobClient

    from kiln.contracts.staging import StagedStorage
    from kiln.planner.staging import ArtifactSpec
    from kiln.secret import Secret

BLOCK = 8 * 1024 * 1024
"""Bytes of a block; a blob has at most 50,000 blocks."""
SOURCE = "kilnSource"
"""The name of the metadata with the digest of the URL that a blob is a copy of."""
SOON = 120.0
"""Seconds: a connection that breaks within these is tried once more; both fit into the time of an activity."""


def stage(storage: StagedStorage, artifact: ArtifactSpec, whole_url: Callable[[], Secret]) -> None:
    """Copy an artifact into the staging storage, unless it is there; `whole_url` is called only for a copy.

    Raises `ArtifactUnavailable`, `AzureFailed`, or `Busy` where another try may help later.
    """
    blob = blobs.account(storage.endpoint).get_blob_client(ARTIFACTS, artifact.blob)
    if _is_taken_in(artifact, blob):
        return
    whole = artifact.model_copy(update={"url": whole_url().reveal()})
    began = time.monotonic()
    try:
        _take_in(whole, blob)
    except Broken as error:
        if time.monotonic() - began > SOON:
            raise unreached(artifact, error) from error
    else:
        return
    try:
        _take_in(whole, blob)
    except Broken as error:
        raise unreached(artifact, error) from error


def _is_taken_in(artifact: ArtifactSpec, blob: BlobClient) -> bool:
    try:
        with azure(f"look up the artifact of {artifact.property_path}"):
            found = blob.get_blob_properties()
    except AzureNotFound:
        return False
    return found.blob_type == "BlockBlob" and tag(found.metadata, SOURCE) == artifact.source


def _take_in(artifact: ArtifactSpec, blob: BlobClient) -> None:
    from azure.storage.blob import BlobBlock

    digest = hashlib.sha256()
    blocks: list[BlobBlock] = []
    for number, block in enumerate(_blocks(artifact)):
        digest.update(block)
        blocks.append(BlobBlock(f"{number:08d}"))
        with azure(f"store the artifact of {artifact.property_path}"):
            blob.stage_block(blocks[-1].id, block)
    _check(artifact, digest.hexdigest())
    with azure(f"store the artifact of {artifact.property_path}"):
        blob.commit_block_list(blocks, metadata={SOURCE: artifact.source})


def _check(artifact: ArtifactSpec, found: str) -> None:
    if artifact.sha256 and found != artifact.sha256:
        raise ArtifactUnavailable(
            f"{artifact.property_path} has the SHA-256 {found}, but sha256Checksum says {artifact.sha256}.",
            target=artifact.property_path,
            hint="Check what the URL serves now, then correct the template.",
        )


def _blocks(artifact: ArtifactSpec) -> Iterator[bytes]:
    """Yield the content in blocks of `BLOCK` bytes, the last one shorter. Raises when it exceeds the limit."""
    buffer, total = bytearray(), 0
    for piece in _content(artifact):
        total += len(piece)
        if total > config().artifact_limit:
            raise too_large(artifact)
        buffer += piece
        while len(buffer) >= BLOCK:
            yield bytes(buffer[:BLOCK])
            del buffer[:BLOCK]
    if buffer:
        yield bytes(buffer)


def _content(artifact: ArtifactSpec) -> Iterator[bytes]:
    match urlsplit(artifact.url).scheme.lower():
        case "data":
            return iter([_data(artifact)])
        case "http" | "https":
            return download(artifact)
        case scheme:
            raise ArtifactUnavailable(
                f"{artifact.property_path} is a {scheme or 'relative'} URL; expected http, https or data.",
                target=artifact.property_path,
            )


def _data(artifact: ArtifactSpec) -> bytes:
    """Return the content of a data URL (RFC 2397)."""
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
