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


def log_url(customization: str, name: LogName) -> str:
    """Return the URL of a run's log, given that of its customization.log: they lie in one folder, as AIB's do."""
    return f"{customization.rsplit('/', 1)[0]}/{name}.log"


def read_log(url: str, offset: int) -> bytes:
    """Return the log's bytes from `offset` on, `LOG_PIECE` at the most; none when there is nothing (yet)."""
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    try:
        return bytes(blobs.at(url).download_blob(offset=offset, length=LOG_PIECE).readall())
    except ResourceNotFoundError:
        return b""
    except HttpResponseError as error:
        if error.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:  # it ends before `offset`
            return b""
        raise


def share(artifact_uri: str, lifetime: timedelta) -> tuple[Secret, datetime]:
    """Return a URL that can read this one blob, and when it expires."""
    return blobs.readable(blobs.at(artifact_uri), lifetime)
