"""Clients that ask and processes that die, side by side for a while, as their scripts say; then calm, and a judgement.

The scripts are a function of the seed. In which order the threads of this process, and the processes themselves, move
is not: the operating system decides that.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from tests.faults.chaos.bodies import TRIGGER, TRIGGER_BODY, body
from tests.faults.chaos.script import Ask, Blow, asks, blows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.faults.crash_services import Ground, MortalApp, Services

CLIENTS = 2
BUSY = 503
"""What Kiln may say instead of an answer, for a while."""
SERVER_ERROR = 500


@dataclass
class Log:
    """What was done and answered, in the order in which it was; safe to write from any thread."""

    tell: Callable[[str], None]
    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Answers that must not be."""
    began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, text: str) -> None:
        """Add a line, with the time since the beginning."""
        with self._lock:
            line = f"{time.monotonic() - self.began:7.2f} {text}"
            self.lines.append(line)
            self.tell(line)


@dataclass
class Chaos:
    """One run of it."""

    seed: int
    seconds: float
    ground: Ground
    services: Services
    app: MortalApp
    log: Log
    _over: threading.Event = field(default_factory=threading.Event)
    _broken: list[BaseException] = field(default_factory=list)

    def rage(self) -> None:
        """Let everything happen until the time is up; then mend all that is broken. Raises what a thread raised."""
        self.log.began = time.monotonic()
        works = [
            *((self._clients_work, (asks(self.seed, client),)) for client in range(CLIENTS)),
            (self._blows_work, (blows(self.seed),)),
        ]
        threads = [threading.Thread(target=self._kept, args=(work, given)) for work, given in works]
        for thread in threads:
            thread.start()
        try:
            self._over.wait(self.seconds)
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
        if self._broken:
            raise self._broken[0]
        httpx.delete(f"{self.services.http_url}/_local/faults", trust_env=False, timeout=60).raise_for_status()
        self.log.add("calm")

    def _kept(self, work: Callable[..., None], given: tuple[Any, ...]) -> None:
        try:
            work(*given)
        except BaseException as error:  # noqa: BLE001  # it is raised where the threads are waited for
            self._broken.append(error)
            self._over.set()

    def _clients_work(self, script: Iterable[Ask]) -> None:
        for ask in script:
            if self._over.wait(ask.pause):
                return
            self._ask(ask)

    def _ask(self, ask: Ask) -> None:
        try:
            answer = self._answer(ask)
        except httpx.TransportError as error:
            self.log.add(f"{ask}: {type(error).__name__}")  # the host is dead at the moment
            return
        if answer is None:
            return
        self.log.add(f"{ask}: {answer.status_code}")
        if answer.status_code >= SERVER_ERROR and answer.status_code != BUSY:
            self.log.wrong.append(f"{ask} was answered {answer.status_code}: {answer.text}")

    def _answer(self, ask: Ask) -> httpx.Response | None:
        call, name = self.app.call, ask.name
        match ask.verb:
            case "PUT":
                return call("PUT", name, json=body(name, ask.variant))
            case "run" | "cancel":
                return call("POST", f"{name}/{ask.verb}")
            case "retry":
                runs = call("GET", f"{name}/runs")
                newest = runs.json()["value"][:1] if runs.is_success else []
                return call("POST", f"{name}/runs/{newest[0]['name']}/retry") if newest else runs
            case "PUT trigger":
                return call("PUT", f"{name}/triggers/{TRIGGER}", json=TRIGGER_BODY)
            case "DELETE trigger":
                return call("DELETE", f"{name}/triggers/{TRIGGER}")
            case "DELETE" | "GET" as method:
                return call(method, name)
            case _:
                raise ValueError(ask.verb)

    def _blows_work(self, script: Iterable[Blow]) -> None:
        for blow in script:
            if self._over.wait(blow.pause):
                return
            self.log.add(str(blow))
            self._strike(blow)

    def _strike(self, blow: Blow) -> None:
        match blow.kind:
            case "kill -9 the host":
                self.app.kill()
                self.app.start()
            case "kill -9 the local Azure":
                self.services.kill_azure()
            case "restart Azurite":
                self.ground.restart_azurite()
            case _:
                url = f"{self.services.http_url}/_local/faults"
                httpx.put(url, json=[blow.rule], trust_env=False, timeout=60).raise_for_status()
