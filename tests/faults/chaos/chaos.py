"""The chaos: clients that ask and processes that die, side by side for a while, as their scripts say.

The scripts are a function of the seed. The order in which the threads of this process, and the processes themselves,
move is not: the operating system decides that.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import httpx

from tests.faults.chaos import script
from tests.faults.chaos.bodies import HOOK, TRIGGERS, body, signed
from tests.faults.chaos.script import Ask, Blow, asks, blows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.faults.crash_services import Ground, MortalApp, Services

CLIENTS = 2
BUSY = 503
"""The status that Kiln may answer for a while."""
SERVER_ERROR = 500


@dataclass
class Log:
    """Everything that was done and answered, in order; safe to write from any thread."""

    tell: Callable[[str], None]
    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Wrong answers."""
    began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stop_telling(self) -> None:
        """Keep the lines that come from now on, but print them no more."""
        with self._lock:
            self.tell = lambda _: None

    def add(self, text: str) -> None:
        """Add a line, with the time since the beginning."""
        with self._lock:
            line = f"{time.monotonic() - self.began:7.2f} {text}"
            self.lines.append(line)
            self.tell(line)


@dataclass
class Chaos:
    """One chaos, until the time is up, or so many blows were struck."""

    seed: int
    seconds: float
    strokes: int | None
    ground: Ground
    services: Services
    app: MortalApp
    log: Log
    struck: list[Blow] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _broken: list[BaseException] = field(default_factory=list)

    def rage(self) -> None:
        """Run clients and blows until the time is up; then repair everything. Raises what a client raised.

        Call it in the main thread, from which Azurite is started anew: a child dies with the thread that started it.
        When it is interrupted, clients still ask; their last requests end with the host.
        """
        self.log.began = time.monotonic()
        clients = [threading.Thread(target=self._kept, args=(asks(self.seed, client),)) for client in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            self._strike_all(islice(blows(self.seed), self.strokes))
        finally:
            self._over.set()
        for client in clients:
            client.join()
        if self._broken:
            raise self._broken[0]
        self._break_azure([])
        self._break_blobs([])
        self.log.add("calm")

    def _strike_all(self, planned: Iterable[Blow]) -> None:
        for blow in planned:
            left = self.log.began + self.seconds - time.monotonic()
            if self._over.wait(max(min(blow.pause, left), 0.0)) or left <= blow.pause:
                return
            self.log.add(str(blow))
            self.struck.append(blow)
            self._strike(blow)

    def _kept(self, planned: Iterable[Ask]) -> None:
        try:
            for ask in planned:
                if self._over.wait(ask.pause):
                    return
                self._ask(ask)
        except BaseException as error:  # noqa: BLE001  # it is raised where the clients are waited for
            self._broken.append(error)
            self._over.set()

    def _ask(self, ask: Ask) -> None:
        try:
            answer = self._answer(ask)
        except httpx.TransportError as error:
            self.log.add(f"{ask}: {type(error).__name__}")  # the host is dead at the moment
            return
        self.log.add(f"{ask}: {answer.status_code}")
        if answer.status_code >= SERVER_ERROR and answer.status_code != BUSY:
            self.log.wrong.append(f"{ask} was answered {answer.status_code}: {answer.text}")

    def _answer(self, ask: Ask) -> httpx.Response:
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
            case "PUT trigger" | "DELETE trigger" | "fire":
                return self._answer_of_trigger(ask)
            case "DELETE" | "GET" as method:
                return call(method, name)
            case _:
                raise ValueError(ask.verb)

    def _answer_of_trigger(self, ask: Ask) -> httpx.Response:
        call, triggers = self.app.call, f"{ask.name}/triggers"
        match ask.verb:
            case "PUT trigger":
                return call("PUT", f"{triggers}/{ask.trigger}", json={"properties": TRIGGERS[ask.trigger]})
            case "DELETE trigger":
                return call("DELETE", f"{triggers}/{ask.trigger}")
            case _:
                return call("POST", f"{triggers}/{HOOK}/fire", headers=signed(ask.name))

    def _strike(self, blow: Blow) -> None:
        match blow.kind:
            case "kill -9 the host":
                self.app.kill()
                self.app.start()
            case script.AZURE_DIES:
                self.services.kill_azure()
            case "restart Azurite":
                self.ground.restart_azurite()
            case kind:
                (self._break_blobs if kind == script.BLOB else self._break_azure)([blow.rule])

    def _break_azure(self, rules: list[Any]) -> None:
        url = f"{self.services.http_url}/_local/faults"
        httpx.put(url, json=rules, trust_env=False, timeout=60).raise_for_status()

    def _break_blobs(self, rules: list[Any]) -> None:
        if self.ground.front is None:
            raise RuntimeError("nothing stands before Azurite")
        self.ground.front.faults.replace(rules)
