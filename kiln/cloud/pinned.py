"""Connections for downloads: only to addresses that were checked, and given up when the server is too slow.

A name is resolved once for a connection, and the connection goes to the addresses that were found then, so that they
cannot change in between (DNS rebinding). TLS and the Host header still use the name. This knows nothing of artifacts.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Iterator

    from kiln.cloud.addresses import Place

CONNECT_SECONDS = 20.0
"""The most seconds for connecting to one address; a server may have several."""
GRACE_SECONDS = 30.0
"""Seconds that a server may keep Kiln waiting in all, in addition to the time that `LEAST_RATE` allows."""
LEAST_RATE = 32 * 1024
"""Bytes per second that a server must send: the time of a slower one counts against the grace."""
_FAULTS = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


class Patience:
    """The time limits of one download: `seconds` until its end, and the grace for time that is spent waiting."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._waited = 0.0
        self._received = 0

    @property
    def is_over(self) -> bool:
        """Whether the time of the whole download is up."""
        return self._clock() >= self._end

    def left(self) -> float:
        """Return the seconds that the next wait may take. Raises `httpcore.ReadTimeout` when none are left."""
        grace = GRACE_SECONDS + self._received / LEAST_RATE - self._waited
        left = min(grace, self._end - self._clock())
        if left <= 0:
            raise httpcore.ReadTimeout(f"it sends less than {LEAST_RATE} bytes per second")
        return left

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time in this context as spent waiting for the server."""
        begin = self._clock()
        try:
            yield
        finally:
            self._waited += self._clock() - begin

    def take(self, piece: bytes) -> bytes:
        """Count the bytes that came, and return them."""
        self._received += len(piece)
        return piece


class PinnedTransport(httpx.BaseTransport):
    """A transport of httpx for one server. It uses no proxy, since a proxy might connect to other addresses."""

    def __init__(self, place: Place, patience: Patience, context: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=context, network_backend=_Backend(place, patience))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises `httpx.TransportError`, and `AddressForbidden` before anything is sent."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        with _as_httpx():
            answer = self._pool.handle_request(
                httpcore.Request(request.method, url, headers=request.headers.raw, content=request.read())
            )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Close its connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _Backend(httpcore.NetworkBackend):
    def __init__(self, place: Place, patience: Patience) -> None:
        self._place = place
        self._patience = patience
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - patience knows
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that answers."""
        fault: Exception = httpcore.ConnectError(f"{host} has no address")
        try:
            addresses = self._place.addresses(host)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        for address in addresses:
            seconds = min(CONNECT_SECONDS, self._patience.left())
            try:
                with self._patience.waiting():
                    stream = self._sockets.connect_tcp(address, port, seconds, local_address, socket_options)
                return _Stream(stream, self._patience)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
        raise fault


class _Stream(httpcore.NetworkStream):
    """A connection that counts every wait, so that headers that come too slowly are given up, as bodies are."""

    def __init__(self, stream: httpcore.NetworkStream, patience: Patience) -> None:
        self._stream = stream
        self._patience = patience

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - patience knows
        seconds = self._patience.left()
        with self._patience.waiting():
            return self._patience.take(self._stream.read(max_bytes, seconds))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - patience knows
        seconds = self._patience.left()
        with self._patience.waiting():
            self._stream.write(buffer, seconds)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - patience knows
    ) -> httpcore.NetworkStream:
        seconds = self._patience.left()
        with self._patience.waiting():
            return _Stream(self._stream.start_tls(ssl_context, server_hostname, seconds), self._patience)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Turn httpcore's errors into httpx's, which httpx does only for its own transport."""
    try:
        yield
    except _FAULTS as error:
        raise httpx.TransportError(str(error) or type(error).__name__) from error
