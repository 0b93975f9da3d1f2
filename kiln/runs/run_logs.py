"""The logs that a run leaves in its template's staging storage, deleted when the run itself is forgotten.

Storage keeps no mark with them, for the machine's agent makes some: they are a run's own by account and container, as
its record has them, by the run's id as folder, by name and by kind. All logs are append blobs; a VHD is a page blob,
and what somebody copies there by hand is a block blob.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kiln import blobs
from kiln.runs.artifacts import STAGED

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties, ContainerClient

    from kiln.runs.record import RunRecord

CUSTOMIZATION = "customization.log"
"""AIB's name of the log that a run's record has the URL of."""
_OWN = re.compile(r"customization\.log|validation\.log|steps/[^/]+\.log")
"""AIB's two logs, and what each script said (kiln.planner.names)."""


def delete_logs(run: RunRecord) -> int:
    """Delete the run's logs. Returns how many were there; an account or a container without any has none left.

    Raises `StorageUnavailable`, also for one that was written to, or leased, in that moment; `ValueError` when the
    record's URL is not that of this run's log.
    """
    from azure.core.exceptions import ResourceNotFoundError
    from azure.storage.blob import BlobType

    if run.log_url is None:
        return 0
    log, folder, deleted = blobs.at(run.log_url), f"{run.run_id}/", 0
    if log.blob_name != folder + CUSTOMIZATION:
        raise ValueError(f"run {run.run_id} has a log elsewhere")
    container = blobs.account(blobs.account_url(run.log_url)).get_container_client(log.container_name)
    with blobs.answering(f"The storage account {log.account_name} with the logs", STAGED):
        try:
            for blob in container.list_blobs(name_starts_with=folder, retry_total=0, **blobs.IMPATIENT):
                if blob.blob_type != BlobType.APPENDBLOB or not _OWN.fullmatch(blob.name.removeprefix(folder)):
                    continue
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
