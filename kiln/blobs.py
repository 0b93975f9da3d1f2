"""Access to blobs as the app's identity: clients of accounts, blobs by their URLs, and signed URLs of single blobs.

If somebody waits for the answer, a request is retried for seconds, not for minutes as the SDK does by default. An
account that does not answer even then is reported as `StorageUnavailable`.

A signed URL is a user-delegation SAS with the fewest rights and the shortest life that its use allows. It is a secret:
it goes into a protected parameter or into one answer, never into a message. This module does not know what the blobs
contain.
"""

from __future__ import annotations

import functools
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kiln import blob_urls
from kiln.config import credential
from kiln.connections import connecting_to
from kiln.errors import StorageUnavailable
from kiln.redact import redact
from kiln.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.blob import BlobClient, BlobSasPermissions, BlobServiceClient, UserDelegationKey

SKEW = timedelta(minutes=5)
"""How far the service's clock may be behind; Microsoft's SAS best practices speak of 15 minutes at the most."""
KEY_LIFETIME = timedelta(hours=24)
"""How long the key that signs URLs is valid: longer than any build, so that no signed URL outlives its key."""
HOUR = 3600
RETRIES = 2
IMPATIENT: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 8}
"""Time limits in seconds; reading a document takes some hundredths of a second."""


@functools.cache
def account(endpoint: str) -> BlobServiceClient:
    """Return the process's one client of the account at `endpoint` (no slash at the end)."""
    from azure.storage.blob import BlobServiceClient

    return BlobServiceClient(endpoint, credential=credential(), **connecting_to(endpoint))


@functools.cache
def state_account(endpoint: str) -> BlobServiceClient:
    """Return the client of the account with Kiln's state: it gives up after half a minute at the most.

    That is enough, because workflows retry activities, and clients of the API retry their requests.
    """
    from azure.storage.blob import BlobServiceClient, ExponentialRetry

    retry = ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=RETRIES, random_jitter_range=1)
    options = {**connecting_to(endpoint), **IMPATIENT}
    return BlobServiceClient(endpoint, credential=credential(), retry_policy=retry, **options)


@contextmanager
def answering(what: str, hint: str) -> Iterator[None]:
    """Turn errors of Azure's in the block into `StorageUnavailable`: the account does not answer, or refuses the app.

    `what` names the account in the message. Errors that the block handles itself are not affected.
    """
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        yield
    except AzureError as error:
        status = f"{error.status_code} " if isinstance(error, HttpResponseError) and error.status_code else ""
        reason = redact(str(error.message)).partition("\n")[0].strip().rstrip(".")
        raise StorageUnavailable(f"{what} does not answer: {status}{reason}.", hint=hint) from error


def at(url: str) -> BlobClient:
    """Return the client, signed in as the app, of the blob that an unsigned URL names."""
    named = blob_urls.parts(url)
    return account(named.account).get_blob_client(named.container, named.blob)


def readable(blob: BlobClient, lifetime: timedelta) -> tuple[Secret, datetime]:
    """Return a signed URL that can read one blob, and the time (UTC) when it expires."""
    from azure.storage.blob import BlobSasPermissions

    return _signed(blob, lifetime, BlobSasPermissions(read=True))


def appendable(blob: BlobClient, lifetime: timedelta) -> Secret:
    """Return a signed URL that can make a blob and append to it, as managed Run Command needs for its output."""
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
    """Return the key that signs URLs. One for each account and hour is enough."""
    start = datetime.fromtimestamp(hour * HOUR, UTC) - SKEW
    service = account(endpoint)
    return service.get_user_delegation_key(start, start + SKEW + KEY_LIFETIME, retry_total=1, **IMPATIENT)
