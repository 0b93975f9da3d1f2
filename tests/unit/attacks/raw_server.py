"""A server that sends whatever a test wants it to send, right or wrong, once for each connection.

It owns its threads and ends with its client; it knows no HTTP.
"""

from __future__ import annotations

import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEAD = b"HTTP/1.1 200 OK\r\n"


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = False
    allow_reuse_address = True


@contextmanager
def raw_server(pieces: Iterable[bytes], host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Yield the port of a server that reads a request and sends the pieces until they or the client end."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            try:
                for piece in pieces:
                    self.request.sendall(piece)
            except ConnectionError:  # the client has had enough
                return

    with _Server((host, port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
