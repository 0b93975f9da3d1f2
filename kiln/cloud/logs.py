"""customization.log: one append blob for each run, to which the output of steps is copied while they run.

Every write says at which byte it belongs (Blob Storage's `appendpos` condition), so that a repeated activity never
writes twice. A run has one writer at a time; a header is searched for first, so it is written only once.
"""

from __future__ import annotations

import http
from typing import TYPE_CHECKING, NamedTuple

from kiln import blobs
from kiln.cloud.failures import azure
from kiln.cloud.staging import LOGS

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

    from kiln.contracts.staging import StagedStorage

BLOCK = 4 * 1024 * 1024
"""The most bytes that one request appends: the largest append block that every service version takes."""
TAIL = 64 * 1024
"""Bytes at the end of the log in which a header is searched for."""
LAST_LINES = 20


def log_of(storage: StagedStorage) -> BlobClient:
    """Return the run's customization.log."""
    return blobs.account(storage.endpoint).get_blob_client(LOGS, storage.log_blob)


class Header(NamedTuple):
    """A header in the log: the position (bytes) after it, and whether this very call wrote it."""

    end: int
    is_new: bool


def write_header(log: BlobClient, header: str) -> Header:
    """Append `header`, which is unique in the log, unless the log has it already."""
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

    data = header.encode()
    with azure("write customization.log"):
        while True:
            try:
                start, tail = _tail(log)
            except ResourceNotFoundError:
                try:
                    log.create_append_blob(match_condition=MatchConditions.IfMissing)
                except ResourceExistsError:
                    continue
                start, tail = 0, b""
            found = tail.find(data)
            if found >= 0:
                return Header(start + found + len(data), is_new=False)
            length = start + len(tail)
            if _append(log, data, length):
                return Header(length + len(data), is_new=True)


def copy_output(log: BlobClient, output: BlobClient, base: int) -> None:
    """Copy the new part of a step's `output` to `log`, in which this output begins at byte `base`."""
    with azure("copy a step's output to customization.log"):
        length = _length(output) or 0
        while (written := (_length(log) or 0) - base) < length:
            piece = output.download_blob(written, min(BLOCK, length - written)).readall()
            _append(log, piece, base + written)  # if another copy was faster, the next look sees what it wrote


def last_lines(output: BlobClient) -> str:
    """Return the last lines of a step's output, at most 4 KB."""
    with azure("read a step's output"):
        length = _length(output)
        if not length:
            return ""
        start = max(0, length - 4096)
        text = output.download_blob(start, length - start).readall().decode("utf-8", "replace")
    return "\n".join(text.splitlines()[-LAST_LINES:])


def _tail(log: BlobClient) -> tuple[int, bytes]:
    """Return the position of the log's last `TAIL` bytes, and these bytes; a shorter log takes only one request."""
    from azure.core.exceptions import HttpResponseError

    try:
        first = log.download_blob(0, TAIL)
    except HttpResponseError as error:
        if error.status_code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:  # it is empty
            raise
        return 0, b""
    length = int(str(first.properties.content_range).rpartition("/")[2])  # "bytes 0-65535/80000"
    start = length - TAIL
    if start <= 0:
        return 0, first.readall()
    return start, log.download_blob(start, TAIL).readall()


def _append(log: BlobClient, data: bytes, position: int) -> bool:
    """Append at `position`; return False if the log has grown beyond it."""
    from azure.core.exceptions import HttpResponseError

    try:
        log.append_block(data, appendpos_condition=position)
    except HttpResponseError as error:
        if error.status_code != http.HTTPStatus.PRECONDITION_FAILED:
            raise
        return False
    return True


def _length(blob: BlobClient) -> int | None:
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return int(blob.get_blob_properties().size)
    except ResourceNotFoundError:
        return None
