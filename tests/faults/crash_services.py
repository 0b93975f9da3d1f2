"""Azurite, the local Azure and Kiln's host as processes that can die, each on a port that stays its own.

It owns the processes; it must not know what is built on them. Azurite serves case after case, each with accounts of its
own; the others are new in each.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from devkit.azurite import Azurite
from devkit.azurite.fault_proxy import FaultProxy
from devkit.child import ChildFailed
from devkit.host.protocol import EventType
from devkit.local.endpoints import port_of
from devkit.local.environment import app_settings, inherited
from devkit.local.eventing import Eventing
from devkit.local.options import GuestKind, LatencyProfile, Options
from devkit.local.parts import READY as AZURE_READY
from devkit.local.parts import azure_command
from tests.e2e.app import NO_LIMIT, READY, SECONDS, KilnApp
from tests.faults.crash_forks import Forks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devkit.local.in_process import InProcessAzure

AZURITE_HAS_SAVED = "successfully closed"
"""Azurite's last words when it stops, after which nothing can be lost."""
SETTINGS = NO_LIMIT | {"KILN_OUTBOX_SCHEDULE": "*/5 * * * * *"}


@dataclass
class Ground:
    """The ground of all cases: Azurite, and the stems of all other processes."""

    folder: Path
    azurite: Azurite
    forks: Forks
    front: FaultProxy | None
    """The proxy that all clients of Azurite ask in its place, if there is one."""

    def restart_azurite(self) -> None:
        """Stop Azurite by SIGTERM and start it again: killed by -9 it loses what it has answered for."""
        port = self.azurite.port
        try:
            self.azurite.stop()
        except ChildFailed as error:  # a client's open socket can hold it up when all is saved already
            if AZURITE_HAS_SAVED not in str(error):
                raise
        self.azurite = Azurite(self.folder, port=port)
        if self.front is not None:
            self.azurite.accounts.origin = self.front.origin

    def stop_azurite(self) -> None:
        """Stop the Azurite that runs now."""
        self.azurite.stop()


@contextmanager
def ground(folder: Path, *, proxied: bool = False) -> Iterator[Ground]:
    """Start the ground; with `proxied`, requests to Azurite can go wrong."""
    azurite = Azurite(folder)
    ca = str(azurite.certificates.ca)
    common = {"SSL_CERT_FILE": ca, "REQUESTS_CA_BUNDLE": ca, "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING": "1"}
    with ExitStack() as stack:
        front = FaultProxy(azurite.accounts.origin, azurite.certificates) if proxied else None
        found = Ground(folder, azurite, Forks(inherited() | common | SETTINGS), front)
        if front is not None:
            azurite.accounts.origin = stack.enter_context(front).origin
        stack.callback(found.stop_azurite)
        stack.enter_context(found.forks)
        yield found


@dataclass
class Services:
    """Azurite and the local Azure of one case, with the members of `InProcessAzure` that a host and its callers use."""

    folder: Path
    ground: Ground
    topic: str = field(init=False)

    @property
    def azurite(self) -> Azurite:
        """The Azurite that runs now."""
        return self.ground.azurite

    def start(self) -> None:
        """Start the local Azure, with a topic."""
        self.options = Options(data=self.folder, guests=GuestKind.SCRIPTED, latency=LatencyProfile.INSTANT)
        self.options.tls.symlink_to(self.azurite.certificates.ca.parent)
        self.url = self._start_azure(0)
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
        """Kill -9 the local Azure and start it again; machines and everything that it has answered are on its disk."""
        self._azure.kill()
        self._start_azure(port_of(self.url))

    def stop(self) -> None:
        """Stop the local Azure."""
        self._azure.stop()

    def _start_azure(self, port: int) -> str:
        command, log = azure_command(self.options, self.azurite, port), self.options.logs / "azure.log"
        self._azure = self.ground.forks.start(command, log=log, environment=inherited())
        return self._azure.wait_for(AZURE_READY, timeout=SECONDS)[1]


@dataclass
class MortalApp(KilnApp):
    """Kiln's host, forked; its history can be watched from outside."""

    forks: Forks = field(kw_only=True)

    def start(self) -> None:
        """Start the host; after a kill it goes on where the last one was."""
        self._host = self.forks.start(self.command(), log=self.log_file, environment=self.environment())
        self.address = self._host.wait_for(READY, timeout=SECONDS)[1]

    def kill(self) -> None:
        """Let the host die without a word."""
        self._host.kill()

    def stop(self) -> None:
        """Stop the host."""
        self._host.stop()

    def events(self) -> int:
        """Return the number of history events on disk, of all instances and generations."""
        with self._disk() as database:
            return int(database.execute("SELECT count(*) FROM history").fetchone()[0])

    def phase(self) -> str | None:
        """Return the name of the phase that a build has begun last, or None before its first."""
        asked = "SELECT event FROM history WHERE event LIKE '%phase%' AND event LIKE '%note%'"
        with self._disk() as database:
            events = [json.loads(event) for (event,) in database.execute(asked)]
        begun = [
            (event["Timestamp"], told["phase"])
            for event in events
            if event["EventType"] == EventType.TASK_SCHEDULED
            and isinstance(told := json.loads(event["Input"]), dict)
            and told.get("note") is None
        ]
        return max(begun)[1] if begun else None

    def unfinished(self) -> int:
        """Return the number of submissions and builds that are not over."""
        asked = (
            "SELECT count(*) FROM instances WHERE name IN ('submit_template', 'build_image') AND status NOT IN (?, ?)"
        )
        with self._disk() as database:
            return int(database.execute(asked, ("Completed", "Failed")).fetchone()[0])

    def _disk(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(f"file:{self.folder / 'hub.db'}?mode=ro", uri=True))


@contextmanager
def running(ground: Ground, folder: Path) -> Iterator[tuple[Services, MortalApp]]:
    """Start the services and the host in an empty folder."""
    folder.mkdir(parents=True)
    services = Services(folder, ground)
    services.start()
    try:
        hub = folder / "hub"
        hub.mkdir()
        azure = cast("InProcessAzure", services)
        with MortalApp(azure, hub, f"state{folder.name}", SETTINGS, forks=ground.forks) as app:
            yield services, app
    finally:
        services.stop()
