"""The signatures that pass between clients and the local Azure, each whole and with the blob that it opens.

It owns how they are heard and read out of URLs; the test decides which there must be, and where one may stay.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devkit.local.in_process import InProcessAzure

URL = re.compile(r"https?://[^\s\"'<>\\]+")


@contextlib.contextmanager
def heard(azure: InProcessAzure) -> Iterator[list[str]]:
    """Listen to the exchanges between any client and Azure for the block, beside any observer that does already."""
    texts: list[str] = []
    before = azure.server.observer

    def listen(method: str, target: str, request: bytes, status: int, headers: Any, answer: bytes) -> None:
        texts.extend(body.decode(errors="replace") for body in (request, answer))
        if before is not None:
            before(method, target, request, status, headers, answer)

    azure.server.observer = listen
    try:
        yield texts
    finally:
        azure.server.observer = before


def signature(url: str) -> str:
    """Return a URL's signature as it is written there; nothing without one."""
    found = re.search(r"[?&]sig=([^&#]+)", url)
    return found[1] if found else ""


def signatures(texts: list[str]) -> list[tuple[str, str]]:
    """Return the blob (`container/name`) and the signature of each signed URL in these texts."""
    urls = {url for text in texts for url in URL.findall(text)}
    return sorted((blob_of(url), found) for url in urls if (found := signature(url)))


def blob_of(url: str) -> str:
    """Return a blob's container and the last part of its name, where the account is the path's first."""
    parts = urlsplit(url).path.split("/")
    return f"{parts[2]}/{parts[-1]}"
