"""Read one blob by its signed URL, over Blob Storage's REST API: its size, its page ranges, its bytes.

It owns requests, retries and the reading of answers; it knows nothing about files. The URL is a secret.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import httpx

from kiln.cli.explain import connection_failure
from kiln.cli.faults import Failure, Unreachable
from kiln.cli.transfer.pages import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from kiln.cli.trust import Trust
    from kiln.secret import Secret

VERSION = "2021-12-02"
"""The version of the Blob Storage API: Get Page Ranges is paged in it, and every emulator knows it."""
ATTEMPTS = 4
FIRST_RETRY = 1.0
"""How often one request is tried, and the pause before the second try, in seconds; each further pause is twice as
long."""
TIMEOUT = 60.0
BUSY = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Properties:
    """A blob's properties before it is downloaded: its size in bytes, its ETag, and whether it has pages."""

    size: int
    etag: str
    has_pages: bool


class Blob:
    """A blob. Its methods may be called from several threads, and raise `Failure` alone."""

    def __init__(
        self,
        url: Secret,
        trust: Trust,
        *,
        sleep: Callable[[float], None],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = httpx.URL(url.reveal())
        self._server = "{0.scheme}://{0.netloc}".format(urlsplit(url.reveal()))
        self._trust = trust
        self._sleep = sleep
        self._client = httpx.Client(
            verify=ssl.create_default_context(cafile=trust.file) if trust.file else True,
            headers={"x-ms-version": VERSION},
            timeout=TIMEOUT,
            transport=transport,
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._client.close()

    def properties(self) -> Properties:
        """Ask for the blob's size, ETag and kind."""
        headers = self._ask("HEAD", {}, {}, expected=httpx.codes.OK).headers
        return Properties(
            size=int(headers["content-length"]),
            etag=headers["etag"],
            has_pages=headers.get("x-ms-blob-type") == "PageBlob",
        )

    def pages(self, known: Properties) -> Iterator[Span]:
        """Yield the spans that were written, in order; a blob without pages is one span."""
        if not known.has_pages:
            yield Span(0, known.size)
            return
        marker: str | None = ""
        while marker is not None:
            parameters = {"comp": "pagelist"} | ({"marker": marker} if marker else {})
            answer = self._ask("GET", parameters, {"If-Match": known.etag}, expected=httpx.codes.OK)
            root = ET.fromstring(answer.content)  # noqa: S314 - from the storage account itself
            for item in root.iter("PageRange"):
                yield Span(int(item.findtext("Start", "")), int(item.findtext("End", "")) + 1)
            marker = root.findtext("NextMarker") or None

    def read(self, span: Span, known: Properties) -> bytes:
        """Return the bytes of `span`. Raises `Failure` if the blob has changed or the answer is too short."""
        wanted = {"If-Match": known.etag, "x-ms-range": f"bytes={span.start}-{span.end - 1}"}
        content = self._ask("GET", {}, wanted, expected=httpx.codes.PARTIAL_CONTENT).content
        if len(content) != span.size:
            raise Failure(f"{self._server} sent {len(content)} bytes where {span.size} were asked for.")
        return content

    def _ask(
        self, method: str, parameters: dict[str, str], headers: dict[str, str], *, expected: int
    ) -> httpx.Response:
        """Send one request, with retries where they may help, and return the answer with the `expected` status."""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(FIRST_RETRY * 2 ** (attempt - 1))
            is_last = attempt == ATTEMPTS - 1
            try:
                answer = self._client.request(method, self._url.copy_merge_params(parameters), headers=headers)
            except httpx.TransportError as error:
                failure = connection_failure(error, self._server, self._trust)
                if is_last or not isinstance(failure, Unreachable):
                    raise failure from error
                continue
            if answer.status_code == expected:
                return answer
            if is_last or answer.status_code not in BUSY:
                code = answer.headers.get("x-ms-error-code", answer.reason_phrase)
                raise Failure(f"{self._server} refused to give the blob: {answer.status_code} {code}.")
        raise AssertionError("every attempt returns or raises")
