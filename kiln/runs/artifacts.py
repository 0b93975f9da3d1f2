"""What a run leaves in its template's staging storage, as the API reads it: the log, and signed URLs of VHDs.

It only reads; what writes there belongs to kiln.cloud. It knows blobs by their URLs and nothing of runs.
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
"""AIB's two logs of a run."""

LOG_PIECE = 4 * 1024 * 1024
"""Bytes of a log in one answer at the most."""


STAGED = "See that it is there, and that Kiln's identity is Storage Blob Data Contributor there."


AGAIN = "Run the template again for a new one."


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


def share(artifact_uri: str, mark: str, lifetime: timedelta) -> tuple[Secret, datetime]:
    """Return a URL that can read the VHD with this mark, and when it expires.

    Raises `ResourceNotFound` when nothing is there, `Conflict` when somebody else has written there since, and
    `StorageUnavailable`.
    """
    from azure.core.exceptions import ResourceNotFoundError

    blob = blobs.at(artifact_uri)
    with blobs.answering(f"The storage account {blob.account_name} of the VHD", STAGED):
        try:
            found = blob.get_blob_properties(retry_total=1, **blobs.IMPATIENT)
        except ResourceNotFoundError as error:
            raise ResourceNotFound(f"{artifact_uri} is not there any more.", target=artifact_uri, hint=AGAIN) from error
        if tag(found.metadata, MARK_TAG) != mark:
            raise Conflict(
                f"{artifact_uri} is not what the run made: somebody else has written there since.",
                target=artifact_uri,
                hint=AGAIN,
            )
        return blobs.readable(blob, lifetime)
