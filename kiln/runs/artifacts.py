"""What a run leaves in its template's staging storage, as the API reads it: the log, and signed URLs of VHDs.

It only reads; what writes there belongs to kiln.cloud. It knows blobs by their URLs and nothing of runs.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from kiln import blobs

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from kiln.secret import Secret

LogName = Literal["customization", "validation"]
"""AIB's two logs of a run."""

LOG_PIECE = 4 * 1024 * 1024
"""Bytes of a log in one answer at the most."""


STAGED = "See that it is there, and that Kiln's identity is Storage Blob Data Contributor there."


def log_url(customization: str, name: LogName) -> str:
    """Return the URL of a run's log, given that of its customization.log: they lie in one folder, as AIB's do."""
    return f"{customization.rsplit('/', 1)[0]}/{name}.log"


def read_log(url: str, offset: int) -> bytes:
    """Return the log's bytes from `offset` on, `LOG_PIECE` at the most; none when there is nothing (yet).

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


def share(artifact_uri: str, lifetime: timedelta) -> tuple[Secret, datetime]:
    """Return a URL that can read this one blob, and when it expires. Raises `StorageUnavailable`."""
    blob = blobs.at(artifact_uri)
    with blobs.answering(f"The storage account {blob.account_name} of the VHD", STAGED):
        return blobs.readable(blob, lifetime)
