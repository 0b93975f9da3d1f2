"""Azurite, the local Azure and Kiln's host as processes of their own, on ports that stay theirs: each can die.

It owns the processes; it must not know what is built on them.
"""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from devkit.azurite import Azurite
from devkit.local.endpoints import port_of
from devkit.local.environment import app_settings, inherited
from devkit.local.eventing import Eventing
from devkit.local.options import GuestKind, LatencyProfile, Options
from devkit.local.parts import azure_address, start_azure
from tests.e2e.app import KilnApp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.local.in_process import InProcessAzure


@dataclass
class Services:
    """What a build stands on. It has of `InProcessAzure` what a host and its callers ask for."""

    folder: Path
    azurite: Azurite = field(init=False)
    topic: str = field(init=False)

    def start(self) -> None:
        """Start Azurite and the local Azure."""
        self.options = Options(data=self.folder, guests=GuestKind.SCRIPTED, latency=LatencyProfile.INSTANT)
        self.azurite = Azurite(self.folder)
        self._azure = start_azure(self.options, self.azurite, 0)
        self.url = azure_address(self._azure)
        with Eventing(self.url, str(self.azurite.certificates.ca)) as eventing:
            self.topic = eventing.make_topic()

    @property
    def http_url(self) -> str:
        """The local Azure's base URL for its control plane."""
        return self.url.replace("https:", "http:")

    def environment(self, state_account: str) -> dict[str, str]:
        """Return the app's settings."""
        self.azurite.accounts.create(state_account)
        state, ca = self.azurite.accounts.endpoint(state_account), str(self.azurite.certificates.ca)
        return inherited() | app_settings(azure=self.url, state=state, ca=ca, topic=self.topic)

    def kill_azure(self) -> None:
        """Kill -9 the local Azure and start it again; machines and everything that it answered for are on its disk."""
        self._azure.process.send_signal(signal.SIGKILL)
        self._azure.process.wait()
        self._azure = start_azure(self.options, self.azurite, port_of(self.url))
        azure_address(self._azure)

    def restart_azurite(self) -> None:
        """Stop Azurite by SIGTERM and start it again: killed by -9 it loses what it has answered for."""
        port = self.azurite.port
        self.azurite.stop()
        self.azurite = Azurite(self.folder, port=port)

    def stop(self) -> None:
        """Stop both."""
        self._azure.stop()
        self.azurite.stop()


class MortalApp(KilnApp):
    """Kiln's host, whose history can be watched from outside."""

    def events(self) -> int:
        """Return how many history events are on disk, of all instances and generations that are there."""
        with self._disk() as database:
            return int(database.execute("SELECT count(*) FROM history").fetchone()[0])

    def unfinished(self) -> int:
        """Return how many submissions and builds are not over."""
        asked = (
            "SELECT count(*) FROM instances WHERE name IN ('submit_template', 'build_image') AND status NOT IN (?, ?)"
        )
        with self._disk() as database:
            return int(database.execute(asked, ("Completed", "Failed")).fetchone()[0])

    def _disk(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(f"file:{self.folder / 'hub.db'}?mode=ro", uri=True))


@contextmanager
def running(folder: Path) -> Iterator[tuple[Services, MortalApp]]:
    """Start all of it in an empty folder."""
    folder.mkdir(parents=True)
    services = Services(folder)
    services.start()
    try:
        hub = folder / "hub"
        hub.mkdir()
        with MortalApp(cast("InProcessAzure", services), hub, "state") as app:
            yield services, app
    finally:
        services.stop()
