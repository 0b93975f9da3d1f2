"""Deleting Kiln's own blobs from a folder of a template's staging storage, before the template is deleted.

It knows accounts, containers and folders; the caller says which blobs are Kiln's. A blob is deleted only as it was
listed, with one try: the next round tries again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln import blobs
from kiln.runs.artifacts import STAGED

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.storage.blob import BlobProperties, ContainerClient


def delete_staged(container: ContainerClient, folder: str, is_own: Callable[[str, BlobProperties], bool]) -> int:
    """Delete the blobs in a folder (with a slash at its end) of which `is_own` is true, given name and properties.

    Returns how many there were: a container that is gone has none. Raises `StorageUnavailable`, also for a blob that is
    leased or was written to meanwhile.
    """
    from azure.core.exceptions import ResourceNotFoundError

    deleted = 0
    with blobs.answering(f"The staging storage account {container.account_name}", STAGED):
        try:
            for blob in container.list_blobs(name_starts_with=folder, retry_total=0, **blobs.IMPATIENT):
                if is_own(blob.name.removeprefix(folder), blob):
                    deleted += _delete(container, blob)
        except ResourceNotFoundError:
            return deleted
    return deleted


def _delete(container: ContainerClient, blob: BlobProperties) -> bool:
    """Delete a blob as it was listed. Returns False when it is gone: another round may be faster."""
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError

    try:
        container.delete_blob(
            blob.name,
            delete_snapshots="include",
            etag=blob.etag,
            match_condition=MatchConditions.IfNotModified,
            retry_total=0,
            **blobs.IMPATIENT,
        )
    except ResourceNotFoundError:
        return False
    except ResourceModifiedError:  # 412, which Azurite also answers for a blob that is gone
        if container.get_blob_client(blob.name).exists(retry_total=0, **blobs.IMPATIENT):
            raise
        return False
    return True
