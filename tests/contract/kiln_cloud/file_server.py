"""A server of files for tests: plain or with TLS, which remembers its requests.

It owns a thread; it must not know who asks.
"""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

    from devkit.azurite.certificates import Certificates


@dataclass
class FileServer:
    """Serves `files` by path; a file that is a text is a redirect to there, a number a status. A context manager."""

    files: dict[str, bytes | str | int]
    certificates: Certificates | None = None
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Start it on a free port."""
        files, seen = self.files, self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                found = files.get(self.path.split("?")[0], 404)
                body = found if isinstance(found, bytes) else b""
                self.send_response(200 if isinstance(found, bytes) else 302 if isinstance(found, str) else found)
                if isinstance(found, str):
                    self.send_header("Location", found)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if self.certificates is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificates.certificate, self.certificates.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, name="a server of files")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def host(self) -> str:
        """Its host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"{'https' if self.certificates else 'http'}://{self.host}"
