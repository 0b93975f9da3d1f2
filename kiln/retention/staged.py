"""Blobs in a template's staging storage that are deleted before the template is: a folder's, as far as they are Kiln's.

It knows accounts, containers and folders; whose a blob is, whoever asks says. A signed-in app deletes them as they were
listed, and gives up after one try: the next round tries again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln import blobs
from kiln.runs.artifacts import STAGED

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.storage.blob import BlobProperties, ContainerClient


def delete_staged(container: ContainerClient, folder: str, is_own: Callable[[str, BlobProperties], bool]) -> int:
    """Delete what is in a folder (with a slash at its end) and Kiln's own, by name within the folder and properties.

    Returns how many were there: a container that is gone has none. Raises `StorageUnavailable`, also for a blob that
    was written to, or leased, in that moment.
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
    """Delete a blob as it was listed. Returns whether it was there: who else purges may be faster."""
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
    except ResourceModifiedError:  # 412, which Azurite answers for one that is gone as well
        if container.get_blob_client(blob.name).exists(retry_total=0, **blobs.IMPATIENT):
            raise
        return False
    return True
