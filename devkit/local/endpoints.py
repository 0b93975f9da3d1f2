"""Endpoints of a local run's parts, kept in its data folder for other commands and for the next start.

It must not know who serves there.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from devkit.atomic import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "endpoints.json"


@dataclass(frozen=True)
class Endpoints:
    """Base URLs without a slash at the end, and the file with the certificate authority that they need."""

    host: str
    azure: str
    blob: str
    ca: str

    def save(self, data: Path) -> None:
        """Write these endpoints into the data folder."""
        write_atomically(data / _NAME, json.dumps(asdict(self), indent=2).encode() + b"\n", mode=0o644)

    @staticmethod
    def load(data: Path) -> Endpoints | None:
        """Read the endpoints of the last start on this data folder; None if there was none."""
        file = data / _NAME
        return Endpoints(**json.loads(file.read_text())) if file.exists() else None


def port_of(url: str) -> int:
    """Return the port of a base URL that names one."""
    port = urlsplit(url).port
    if port is None:
        raise ValueError(f"{url} names no port")
    return port
