"""Exchanges since the last look, kept in memory until they are judged.

It owns the list; it must not know who recorded or what was wrong. It never gets request headers, where credentials are.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from devkit.specification.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devkit.specification.checker import Specifications, Violation


@dataclass
class Recorder:
    """Takes exchanges from any thread."""

    _exchanges: list[Exchange] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def observe(
        self, method: str, target: str, request: bytes, status: int, headers: Mapping[str, str], answer: bytes
    ) -> None:
        """Take one exchange: `target` is path and query, `headers` are the answer's."""
        exchange = Exchange.decoded(method, target, status, request=request, answer=answer, headers=headers)
        with self._lock:
            self._exchanges.append(exchange)

    def take(self) -> list[Exchange]:
        """Return the exchanges since the last call, and forget them."""
        with self._lock:
            taken, self._exchanges = self._exchanges, []
        return taken

    def judged(self, specifications: Specifications) -> list[Violation]:
        """Return the violations in the exchanges since the last call, each once."""
        found = [violation for exchange in self.take() for violation in specifications.check(exchange)]
        return list(dict.fromkeys(found))
