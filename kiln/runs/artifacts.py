"""What a run leaves in its template's staging storage, as the API reads it: the log, and signed URLs of VHDs.

It only reads; what writes there belongs to kiln.cloud. It knows blobs by their URLs and nothing of runs.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

from kiln.config import credential

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import BlobClient, BlobServiceClient

LOG_PIECE = 4 * 1024 * 1024
"""Bytes of a log in one answer at the most."""

SKEW = timedelta(minutes=5)
"""How far the storage service's clock may be behind; Microsoft's SAS best practices ask for 15 minutes at the most."""


def read_log(log_url: str, offset: int) -> bytes:
    """Return the log's bytes from `offset` on, `LOG_PIECE` at the most; none when there is nothing (yet)."""
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    try:
        return bytes(_blob(log_url).download_blob(offset=offset, length=LOG_PIECE).readall())
    except ResourceNotFoundError:
        return b""
    except HttpResponseError as error:
        if error.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:  # it ends before `offset`
            return b""
        raise


def share(artifact_uri: str, lifetime: timedelta) -> tuple[str, datetime]:
    """Return a URL that can read this one blob, by user-delegation SAS, and when it expires. The URL is a secret."""
    from azure.storage.blob import BlobSasPermissions, generate_blob_sas

    now = datetime.now(UTC).replace(microsecond=0)
    expires = now + lifetime
    blob = _blob(artifact_uri)
    signature = generate_blob_sas(
        account_name=str(blob.account_name),
        container_name=blob.container_name,
        blob_name=blob.blob_name,
        user_delegation_key=_account(account_url(artifact_uri)).get_user_delegation_key(now - SKEW, expires),
        permission=BlobSasPermissions(read=True),
        start=now - SKEW,
        expiry=expires,
        protocol="https",
    )
    return f"{blob.url}?{signature}", expires


def account_url(blob_url: str) -> str:
    """Return the blob endpoint that a blob's URL begins with: scheme, host and, for an emulator, the account's path."""
    from azure.storage.blob import BlobClient

    with BlobClient.from_blob_url(blob_url) as blob:
        url = urlsplit(blob_url)
        account_path = unquote(url.path).removesuffix(f"/{blob.container_name}/{blob.blob_name}")
    return f"{url.scheme}://{url.netloc}{account_path}"


def _blob(url: str) -> BlobClient:
    from azure.storage.blob import BlobClient

    with BlobClient.from_blob_url(url) as parsed:
        container, name = parsed.container_name, parsed.blob_name
    return _account(account_url(url)).get_blob_client(container, name)


@functools.cache
def _account(endpoint: str) -> BlobServiceClient:
    """Return the account's client: one for the process, for the sake of its connections."""
    from azure.storage.blob import BlobServiceClient

    return BlobServiceClient(endpoint, credential=cast("TokenCredential", credential()))
