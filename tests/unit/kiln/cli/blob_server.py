"""One blob behind Blob Storage's REST API, in memory, as a transport for httpx."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from kiln.cli.transfer.pages import Span

ETAG = '"0x8DC"'


def vhd(size: int, pages: dict[int, bytes]) -> bytes:
    """A fixed VHD: a disk of `size` bytes with content at some places, and its footer."""
    disk = bytearray(size)
    for start, content in pages.items():
        disk[start : start + len(content)] = content
    footer = bytearray(512)
    footer[:8] = b"conectix"
    footer[48:56] = size.to_bytes(8, "big")
    return bytes(disk + footer)


@dataclass
class BlobServer(httpx.BaseTransport):
    """Answers HEAD, `comp=pagelist` (two ranges an answer) and ranged GETs; `faults` come first."""

    content: bytes
    pages: list[Span]
    kind: str = "PageBlob"
    faults: list[httpx.Response | Exception] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["x-ms-version"]
        with self._lock:
            self.asked.append(request)
            fault = self.faults.pop(0) if self.faults and request.method == "GET" else None
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            return fault
        if request.method == "HEAD":
            size = str(len(self.content))
            return httpx.Response(200, headers={"content-length": size, "etag": ETAG, "x-ms-blob-type": self.kind})
        if request.headers["if-match"] != ETAG:
            return httpx.Response(412, headers={"x-ms-error-code": "ConditionNotMet"})
        if request.url.params.get("comp") == "pagelist":
            return self._page_list(int(request.url.params.get("marker", "0")))
        first, last = (int(end) for end in request.headers["x-ms-range"].removeprefix("bytes=").split("-"))
        return httpx.Response(206, content=self.content[first : last + 1])

    def ranges(self) -> list[str]:
        return sorted(request.headers["x-ms-range"] for request in self.asked if "x-ms-range" in request.headers)

    def _page_list(self, start: int) -> httpx.Response:
        shown = self.pages[start : start + 2]
        ranges = "".join(f"<PageRange><Start>{s.start}</Start><End>{s.end - 1}</End></PageRange>" for s in shown)
        more = f"<NextMarker>{start + 2}</NextMarker>" if start + 2 < len(self.pages) else "<NextMarker/>"
        text = f'<?xml version="1.0" encoding="utf-8"?><PageList>{ranges}{more}</PageList>'
        return httpx.Response(200, content=text.encode())
