"""Download a blob into a sparse file: by several requests at once, into FILE.part, which is renamed when complete.

It owns the file; it knows neither the API nor the screen, which gets the progress by callbacks.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kiln.cli.faults import Failure
from kiln.cli.transfer.pages import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kiln.cli.transfer.blob import Blob, Properties
    from kiln.cli.transfer.pages import Request, Span

WORKERS = 8
BLOCK = 4 * 1024 * 1024
FOOTER = 512
COOKIE = b"conectix"
CURRENT_SIZE = slice(48, 56)
"""A fixed VHD ends with a footer of 512 bytes that begins with the cookie and holds the disk's size, big-endian
(Microsoft's Virtual Hard Disk Image Format Specification, "Hard Disk Footer Format")."""


@dataclass(frozen=True)
class Downloaded:
    """A file that is complete: its size, how many bytes of it were transferred, and its SHA-256 in hex."""

    size: int
    transferred: int
    sha256: str


def download(
    blob: Blob,
    file: Path,
    *,
    on_start: Callable[[int], None],
    on_bytes: Callable[[int], None],
    on_check: Callable[[], None],
) -> Downloaded:
    """Download the VHD in `blob` to `file`, replacing it; if that fails, no partial file remains.

    `on_start` gets the number of bytes to transfer, `on_bytes` that of each request, and `on_check` is called when the
    checksum begins. Raises `Failure` if the blob cannot be read or is not a VHD.
    """
    known = blob.properties()
    pages = list(blob.pages(known))
    on_start(sum(request.span.size for request in requests(pages)))
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)
        with part.open("xb+") as target:  # a new file: a link that somebody put there meanwhile is not followed
            target.truncate(known.size)
            transferred = _fetch(blob, known, pages, target.fileno(), on_bytes)
            _check_footer(os.pread(target.fileno(), FOOTER, max(known.size - FOOTER, 0)), known.size)
            on_check()
            digest = _sha256(target.fileno())
            os.fsync(target.fileno())
        part.replace(file)
    except OSError as error:
        raise Failure(f"{part} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    return Downloaded(size=known.size, transferred=transferred, sha256=digest)


def _fetch(blob: Blob, known: Properties, pages: list[Span], target: int, on_bytes: Callable[[int], None]) -> int:
    """Transfer all pages with `WORKERS` requests at once; return the number of bytes transferred."""
    transferred = 0
    todo: Iterator[Request] = requests(pages)
    with ThreadPoolExecutor(WORKERS) as pool:
        under_way: set[Future[int]] = set()
        try:
            while True:
                for request in todo:
                    under_way.add(pool.submit(_copy, blob, known, request, target))
                    if len(under_way) >= 2 * WORKERS:
                        break
                if not under_way:
                    return transferred
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                for future in done:
                    transferred += future.result()
                    on_bytes(future.result())
        except BaseException:  # Ctrl-C too: drop the waiting requests, and let the running ones end
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _copy(blob: Blob, known: Properties, request: Request, target: int) -> int:
    content = memoryview(blob.read(request.span, known))
    for page in request.pages:
        piece = content[page.start - request.span.start : page.end - request.span.start]
        position = page.start
        while piece:
            written = os.pwrite(target, piece, position)
            piece, position = piece[written:], position + written
    return request.span.size


def _check_footer(footer: bytes, size: int) -> None:
    if footer[: len(COOKIE)] != COOKIE:
        raise Failure("The blob is not a VHD: it does not end with a VHD's footer.")
    disk = int.from_bytes(footer[CURRENT_SIZE], "big")
    if disk != size - FOOTER:
        raise Failure(
            f"The VHD is damaged: its footer says that the disk has {disk} bytes, and the blob has {size - FOOTER}."
        )


def _sha256(target: int) -> str:
    digest = hashlib.sha256()
    position = 0
    while block := os.pread(target, BLOCK, position):
        digest.update(block)
        position += len(block)
    return digest.hexdigest()
