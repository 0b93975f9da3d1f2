"""Pieces of a disk file that hold data, for uploads that leave out zeros.

It owns the search for data; it must not know where the pieces go.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

_LARGEST = 4 * 1024 * 1024  # bytes; learn.microsoft.com, "Put Page": the most that one request may write
_GRAIN = 64 * 1024  # bytes; a run of zeros shorter than this is cheaper sent than left out
_ZEROS = bytes(_GRAIN)
_PAGE = 512


@dataclass
class Pieces:
    """The non-zero pieces of a file whose size is a multiple of 512 bytes; several threads may take them."""

    source: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._file = self.source.open("rb")
        self._size = os.fstat(self._file.fileno()).st_size
        self._found = self._search()

    def take(self) -> tuple[int, bytes] | None:
        """Return the next piece, as its offset and bytes, both whole pages; None when there is no more."""
        with self._lock:
            return next(self._found, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._file.close()

    def _search(self) -> Iterator[tuple[int, bytes]]:
        offset = 0
        while (offset := self._seek(offset, os.SEEK_DATA)) < self._size:
            start = offset - offset % _PAGE
            end = min(-(-self._seek(offset, os.SEEK_HOLE) // _PAGE) * _PAGE, start + _LARGEST, self._size)
            self._file.seek(start)
            for at, data in _runs(self._file.read(end - start)):
                yield start + at, data
            offset = end

    def _seek(self, offset: int, whence: int) -> int:
        try:
            return os.lseek(self._file.fileno(), offset, whence)
        except OSError:  # ENXIO: nothing but a hole behind the offset
            return self._size


def _runs(chunk: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut a chunk into its runs of grains that are not all zero."""
    start: int | None = None
    for at in range(0, len(chunk), _GRAIN):
        grain = chunk[at : at + _GRAIN]
        is_zero = grain == _ZEROS[: len(grain)]
        if is_zero and start is not None:
            yield start, chunk[start:at]
            start = None
        elif not is_zero and start is None:
            start = at
    if start is not None:
        yield start, chunk[start:]
