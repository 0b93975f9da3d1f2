"""Blobs by the app's identity: accounts' clients, blobs by their URLs, and signed URLs of single blobs.

Requests that somebody waits for try again for seconds, not for minutes as the SDK does by itself, and what does not
answer then is told as `StorageUnavailable`.

A signed URL is a user-delegation SAS with the least rights and as short as the use allows. It is a secret: it goes
into a protected parameter or one answer, never into a message. This knows nothing of what the blobs are.
"""

from __future__ import annotations

import functools
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kiln import blob_urls
from kiln.config import credential
from kiln.errors import StorageUnavailable
from kiln.redact import redact
from kiln.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.blob import BlobClient, BlobSasPermissions, BlobServiceClient, UserDelegationKey

SKEW = timedelta(minutes=5)
"""How far the service's clock may be behind; Microsoft's SAS best practices ask for 15 minutes at the most."""
KEY_LIFETIME = timedelta(hours=24)
"""Of the key that signs: longer than any build, so that no signature outlives it."""
HOUR = 3600
RETRIES = 2
IMPATIENT: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 8}
"""Seconds; a document is read in some hundredths of one."""


@functools.cache
def account(endpoint: str) -> BlobServiceClient:
    """Return the client of the account at `endpoint` (no slash at the end): one for the process."""
    from azure.storage.blob import BlobServiceClient

    return BlobServiceClient(endpoint, credential=credential())


@functools.cache
def state_account(endpoint: str) -> BlobServiceClient:
    """Return the client of the account with Kiln's state: it gives up after half a minute at the most.

    Activities are tried again by their workflow, and clients by themselves.
    """
    from azure.storage.blob import BlobServiceClient, ExponentialRetry

    retry = ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=RETRIES, random_jitter_range=1)
    return BlobServiceClient(endpoint, credential=credential(), retry_policy=retry, **IMPATIENT)


@contextmanager
def answering(what: str, hint: str) -> Iterator[None]:
    """Tell of an account that does not answer, or refuses the app: whatever of Azure's errors gets as far as here.

    Raises `StorageUnavailable`.
    """
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        yield
    except AzureError as error:
        status = f"{error.status_code} " if isinstance(error, HttpResponseError) and error.status_code else ""
        reason = redact(str(error.message)).partition("\n")[0].strip().rstrip(".")
        raise StorageUnavailable(f"{what} does not answer: {status}{reason}.", hint=hint) from error


def at(url: str) -> BlobClient:
    """Return the blob that an unsigned URL names, signed in as the app."""
    named = blob_urls.parts(url)
    return account(named.account).get_blob_client(named.container, named.blob)


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
        user_delegation_key=_key(blob_urls.parts(blob.url).account, int(time.time() // HOUR)),
        permission=permission,
        expiry=expires,
        protocol="https",
    )
    return Secret(f"{blob.url}?{signature}"), expires


@functools.lru_cache(maxsize=64)
def _key(endpoint: str, hour: int) -> UserDelegationKey:
    """Return the key that signs; one an hour and account is enough."""
    start = datetime.fromtimestamp(hour * HOUR, UTC) - SKEW
    service = account(endpoint)
    return service.get_user_delegation_key(start, start + SKEW + KEY_LIFETIME, retry_total=1, **IMPATIENT)
