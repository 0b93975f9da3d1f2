"""The clock and the HTTP transports that commands use.

It has the real ones; a test gives others as the context object of the command line.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from azure.core.pipeline.transport import HttpTransport
    from requests import PreparedRequest, Response


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Environment:
    """Clock and transports. None means the HTTP client's own transport, over sockets."""

    now: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] = time.sleep
    api_transport: HttpTransport[PreparedRequest, Response] | None = None
    blob_transport: httpx.BaseTransport | None = None
