"""The logs that a run leaves in its template's staging storage, deleted when the run itself is forgotten.

Storage keeps no mark with them, for the machine's agent makes some: they are a run's own by account and container, as
its record has them, by the run's id as folder, by name and by kind. All logs are append blobs; a VHD is a page blob,
and what somebody copies there by hand is a block blob.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kiln import blob_urls, blobs
from kiln.retention.staged import delete_staged

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties

    from kiln.runs.record import RunRecord

CUSTOMIZATION = "customization.log"
"""AIB's name of the log that a run's record has the URL of."""
_OWN = re.compile(r"customization\.log|validation\.log|steps/[^/]+\.log")
"""AIB's two logs, and what each script said (kiln.planner.names)."""


def delete_logs(run: RunRecord) -> int:
    """Delete the run's logs. Returns how many were there.

    Raises `StorageUnavailable`, and `ValueError` when the record's URL is not that of this run's log.
    """
    if run.log_url is None:
        return 0
    log, folder = blobs.at(run.log_url), f"{run.run_id}/"
    if log.blob_name != folder + CUSTOMIZATION:
        raise ValueError(f"run {run.run_id} has a log elsewhere")
    account = blobs.account(blob_urls.parts(run.log_url).account)
    return delete_staged(account.get_container_client(log.container_name), folder, _is_log)


def _is_log(name: str, blob: BlobProperties) -> bool:
    from azure.storage.blob import BlobType

    return blob.blob_type == BlobType.APPENDBLOB and _OWN.fullmatch(name) is not None
