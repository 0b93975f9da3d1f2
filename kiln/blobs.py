"""Blobs by the app's identity: accounts' clients, blobs by their URLs, and signed URLs of single blobs.

A signed URL is a user-delegation SAS with the least rights and as short as the use allows. It is a secret: it goes
into a protected parameter or one answer, never into a message. This knows nothing of what the blobs are.
"""

from __future__ import annotations

import functools
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from kiln.config import credential
from kiln.secret import Secret

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobSasPermissions, BlobServiceClient, UserDelegationKey

SKEW = timedelta(minutes=5)
"""How far the service's clock may be behind; Microsoft's SAS best practices ask for 15 minutes at the most."""
KEY_LIFETIME = timedelta(hours=24)
"""Of the key that signs: longer than any build, so that no signature outlives it."""
HOUR = 3600


@functools.cache
def account(endpoint: str) -> BlobServiceClient:
    """Return the client of the account at `endpoint` (no slash at the end): one for the process."""
    from azure.storage.blob import BlobServiceClient

    return BlobServiceClient(endpoint, credential=credential())


def at(url: str) -> BlobClient:
    """Return the blob that an unsigned URL names, signed in as the app."""
    from azure.storage.blob import BlobClient

    with BlobClient.from_blob_url(url) as parsed:
        container, name = parsed.container_name, parsed.blob_name
    return account(account_url(url)).get_blob_client(container, name)


def account_url(blob_url: str) -> str:
    """Return the blob endpoint that a blob's URL begins with: scheme, host and, for an emulator, the account's path."""
    from azure.storage.blob import BlobClient

    with BlobClient.from_blob_url(blob_url) as blob:
        url = urlsplit(blob_url)
        account_path = unquote(url.path).removesuffix(f"/{blob.container_name}/{blob.blob_name}")
    return f"{url.scheme}://{url.netloc}{account_path}"


def readable(blob: BlobClient, lifetime: timedelta) -> tuple[Secret, datetime]:
    """Return a URL that can read one blob, and when it expires (UTC)."""
    from azure.storage.blob import BlobSasPermissions

    return _signed(blob, lifetime, BlobSasPermissions(read=True))


def appendable(blob: BlobClient, lifetime: timedelta) -> Secret:
    """Return a URL that can make and append to one blob, as managed Run Command needs for its output."""
    from azure.storage.blob import BlobSasPermissions

    url, _ = _signed(blob, lifetime, BlobSasPermissions(read=True, add=True, create=True, write=True))
    return url


def _signed(blob: BlobClient, lifetime: timedelta, permission: BlobSasPermissions) -> tuple[Secret, datetime]:
    from azure.storage.blob import generate_blob_sas

    expires = datetime.now(UTC).replace(microsecond=0) + lifetime
    signature = generate_blob_sas(
        account_name=str(blob.account_name),
        container_name=blob.container_name,
        blob_name=blob.blob_name,
        user_delegation_key=_key(account_url(blob.url), int(time.time() // HOUR)),
        permission=permission,
        expiry=expires,
        protocol="https",
    )
    return Secret(f"{blob.url}?{signature}"), expires


@functools.lru_cache(maxsize=64)
def _key(endpoint: str, hour: int) -> UserDelegationKey:
    """Return the key that signs; one an hour and account is enough."""
    start = datetime.fromtimestamp(hour * HOUR, UTC) - SKEW
    return account(endpoint).get_user_delegation_key(start, start + SKEW + KEY_LIFETIME)
