"""Logs and VHDs of runs in the staging storage, as the API reads them.

It only reads; kiln.cloud writes there. It knows blobs by their URLs and nothing of runs.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from kiln import blobs
from kiln.errors import Conflict, ResourceNotFound
from kiln.runs.tags import MARK_TAG, tag

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from kiln.secret import Secret

LogName = Literal["customization", "validation"]
"""The names of a run's two logs, as Image Builder has them."""

LOG_PIECE = 4 * 1024 * 1024
"""The most bytes of a log that one answer holds."""

STAGED = "Check that the account exists, and that Kiln's identity is Storage Blob Data Contributor there."

AGAIN = "Run the template again to make a new VHD."


def log_url(customization: str, name: LogName) -> str:
    """Return the URL of a run's log, given its customization.log's: as with Image Builder, both are in one folder."""
    return f"{customization.rsplit('/', 1)[0]}/{name}.log"


def read_log(url: str, offset: int) -> bytes:
    """Return up to `LOG_PIECE` bytes of the log from `offset` on; none when nothing is there (yet).

    Raises `StorageUnavailable`.
    """
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    blob = blobs.at(url)
    with blobs.answering(f"The storage account {blob.account_name} with the log", STAGED):
        try:
            return bytes(
                blob.download_blob(offset=offset, length=LOG_PIECE, retry_total=1, **blobs.IMPATIENT).readall()
            )
        except ResourceNotFoundError:
            return b""
        except HttpResponseError as error:
            if error.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:  # it ends before `offset`
                return b""
            raise


def share(artifact_uri: str, mark: str, lifetime: timedelta) -> tuple[Secret, datetime]:
    """Return a signed URL that can read the VHD with this mark, and when the URL expires.

    Raises `ResourceNotFound` when there is no blob, `Conflict` when the blob is not the one with the mark, and
    `StorageUnavailable`.
    """
    from azure.core.exceptions import ResourceNotFoundError

    blob = blobs.at(artifact_uri)
    with blobs.answering(f"The storage account {blob.account_name} of the VHD", STAGED):
        try:
            found = blob.get_blob_properties(retry_total=1, **blobs.IMPATIENT)
        except ResourceNotFoundError as error:
            raise ResourceNotFound(
                f"The VHD {artifact_uri} no longer exists.", target=artifact_uri, hint=AGAIN
            ) from error
        if tag(found.metadata, MARK_TAG) != mark:
            raise Conflict(
                f"The blob {artifact_uri} is not the VHD that the run made: somebody else has overwritten it.",
                target=artifact_uri,
                hint=AGAIN,
            )
        return blobs.readable(blob, lifetime)
