"""Signed URLs: user-delegation SAS for one blob, with the least rights and for as short as the use allows.

A signed URL is a secret: it goes into a protected parameter or a request, never into a result or a message.
"""

from __future__ import annotations

import functools
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from kiln.cloud import clients
from kiln.cloud.failures import azure

if TYPE_CHECKING:
    from azure.storage.blob import BlobSasPermissions, UserDelegationKey

SKEW = timedelta(minutes=5)
"""Clocks differ; Microsoft's SAS best practices ask for 15 minutes at the most."""
KEY_LIFETIME = timedelta(hours=24)


def readable(endpoint: str, container: str, blob: str, lifetime: timedelta) -> str:
    """Return a URL that can read one blob."""
    from azure.storage.blob import BlobSasPermissions

    return _signed(endpoint, container, blob, lifetime, BlobSasPermissions(read=True))


def appendable(endpoint: str, container: str, blob: str, lifetime: timedelta) -> str:
    """Return a URL that can make and append to one blob, as managed Run Command needs for its output."""
    from azure.storage.blob import BlobSasPermissions

    return _signed(
        endpoint, container, blob, lifetime, BlobSasPermissions(read=True, add=True, create=True, write=True)
    )


def _signed(endpoint: str, container: str, blob: str, lifetime: timedelta, permission: BlobSasPermissions) -> str:
    from azure.storage.blob import generate_blob_sas

    client = clients.blobs(endpoint).get_blob_client(container, blob)
    signature = generate_blob_sas(
        account_name=str(client.account_name),
        container_name=container,
        blob_name=blob,
        user_delegation_key=_key(endpoint, int(time.time() // 3600)),
        permission=permission,
        expiry=datetime.now(UTC) + lifetime,
        protocol="https",
    )
    return f"{client.url}?{signature}"


@functools.lru_cache(maxsize=64)
def _key(endpoint: str, hour: int) -> UserDelegationKey:
    """Return a key to sign with; one an hour and account is enough, and it outlives every signature made with it."""
    start = datetime.fromtimestamp(hour * 3600, UTC) - SKEW
    with azure("get a user delegation key"):
        return clients.blobs(endpoint).get_user_delegation_key(start, start + SKEW + KEY_LIFETIME)
