"""The local Azure inside this process, on an event loop in a thread of its own: for tests.

It owns that thread; it must not know what is tested.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx

from devkit.azure.server import LocalAzure, Tls
from devkit.guests.scripted.guests import ScriptedGuests
from devkit.local.environment import app_settings

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path
    from types import TracebackType

    from devkit.azurite import Azurite

T = TypeVar("T")

_SECONDS = 30


@dataclass
class InProcessAzure:
    """A running local Azure with scripted machines, no latency and `azurite` as its storage; a context manager."""

    azurite: Azurite
    data: Path

    def __enter__(self) -> Self:
        """Start it on a free port."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="the local Azure")
        self._thread.start()
        self.guests = ScriptedGuests(self.data)
        self.server = LocalAzure(
            guests=self.guests, storage=self.azurite.accounts, data=self.data, database=self.data / "azure.db"
        )
        certificates = self.azurite.certificates
        try:
            self.port = self.run(self.server.start("127.0.0.1", 0, Tls(certificates.certificate, certificates.key)))
        except BaseException:
            self._end_loop()  # or its thread would keep the process from ending
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it and its thread."""
        try:
            self.run(self.server.stop())
            self.run(self.guests.close())
        finally:
            self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the local Azure's loop, as every call to `server` and `guests` must be."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    @property
    def url(self) -> str:
        """The base URL for clients that send tokens."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def http_url(self) -> str:
        """The base URL for clients that send none, such as the control plane's."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def faults(self, *rules: dict[str, Any]) -> Iterator[None]:
        """Let requests go wrong by these rules alone for the block, and by none after it (devkit/azure/faults.py)."""
        httpx.put(f"{self.http_url}/_local/faults", json=rules, trust_env=False).raise_for_status()
        try:
            yield
        finally:
            self.clear_faults()

    def add_fault(self, **rule: Any) -> None:
        """Let requests go wrong by this rule, too, until `clear_faults`."""
        httpx.post(f"{self.http_url}/_local/faults", json=rule, trust_env=False).raise_for_status()

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        httpx.delete(f"{self.http_url}/_local/faults", trust_env=False).raise_for_status()

    def environment(self, state_account: str = "kilnstate") -> dict[str, str]:
        """Return the app's settings for this Azure, with its state in `state_account`, made if it is not there."""
        self.azurite.accounts.create(state_account)
        return app_settings(
            azure=self.url,
            state=self.azurite.accounts.endpoint(state_account),
            ca=str(self.azurite.certificates.ca),
        )
