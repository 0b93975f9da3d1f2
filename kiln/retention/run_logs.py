"""The logs of a run in its template's staging storage, deleted when the run is purged.

They carry no mark, since the machine's agent makes some of them. They are recognized by account and container, which
the run's record has, by the run id as folder, by name and by blob type: all logs are append blobs, a VHD is a page
blob, and a file that somebody copies there by hand is a block blob.
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
"""Image Builder's name of the log whose URL is in a run's record."""
_OWN = re.compile(r"customization\.log|validation\.log|steps/[^/]+\.log")
"""The names of Image Builder's two logs, and of the output of each script (kiln.planner.names)."""


def delete_logs(run: RunRecord) -> int:
    """Delete the run's logs. Returns how many there were.

    Raises `StorageUnavailable`, and `ValueError` when the record's URL is not that of this run's log.
    """
    if run.log_url is None:
        return 0
    log, folder = blobs.at(run.log_url), f"{run.run_id}/"
    if log.blob_name != folder + CUSTOMIZATION:
        raise ValueError(f"the log of run {run.run_id} is not in the run's own folder")
    account = blobs.account(blob_urls.parts(run.log_url).account)
    return delete_staged(account.get_container_client(log.container_name), folder, _is_log)


def _is_log(name: str, blob: BlobProperties) -> bool:
    from azure.storage.blob import BlobType

    return blob.blob_type == BlobType.APPENDBLOB and _OWN.fullmatch(name) is not None
