"""App Service's managed identity endpoint, which gives every asker a token that Azurite takes.

Azurite checks a token's issuer, audience and times, and no signature (its README, "OAuth").
"""

from __future__ import annotations

import base64
import json
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANT = "00000000-0000-0000-0000-00000000000a"
LIFETIME = 24 * 3600


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        resource = parse_qs(urlsplit(self.path).query)["resource"][0]
        now = int(time.time())
        issuer = f"https://sts.windows.net/{TENANT}/"
        claims = {"aud": resource, "iss": issuer, "iat": now, "nbf": now - 300, "exp": now + LIFETIME, "tid": TENANT}
        claims["oid"] = claims["sub"] = TENANT
        token = ".".join((_part({"typ": "JWT", "alg": "none"}), _part(claims), _part({})))
        answer = {
            "access_token": token,
            "expires_on": str(now + LIFETIME),
            "resource": resource,
            "token_type": "Bearer",
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: tests read their own output."""


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@contextmanager
def serve_identity() -> Iterator[str]:
    """Serve it on a free port of loopback and give its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/msi/token"
        server.shutdown()
        thread.join()
