"""Starts Azurite, the local Azure and the Functions host, keeps the host alive, and stops them all in order.

It owns order, restarts and the end; it must not know the parts' commands or what they do.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from devkit.azurite import Azurite
from devkit.child import Child, ChildFailed, describe_exit
from devkit.host.keys import saved_master_key
from devkit.local import lock, parts, trust
from devkit.local.endpoints import Endpoints, port_of
from devkit.local.eventing import Eventing
from devkit.ports import is_taken, refuse_taken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from devkit.local.options import Options

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_STOP_SECONDS = 60  # the local Azure switches machines off
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 30.0  # seconds
_GOOD_RUN = 60.0  # seconds


class _Ports(NamedTuple):
    host: int
    azure: int
    azurite: int


@dataclass
class BackOff:
    """Doubling delays, from half a second to half a minute, and from the start again after a minute's good run."""

    _next: float = _FIRST_DELAY

    def after(self, lived: float) -> float:
        """Return the seconds to wait before a restart, after a part that lived for `lived` seconds."""
        delay = _FIRST_DELAY if lived >= _GOOD_RUN else self._next
        self._next = min(delay * 2, _LONGEST_DELAY)
        return delay


class PartEnded(RuntimeError):
    """A part that cannot be restarted ended by itself."""


class Supervisor:
    """One local Kiln. Its children end when the thread that calls `run` ends, however it ends."""

    def __init__(self, options: Options, *, say: Callable[[str], None], ready: Callable[[str], None]) -> None:
        """`say` gets lines for people; `ready` gets the host's URL, once, when all parts answer."""
        self._options = options
        self._say = say
        self._ready = ready
        self._ended: SimpleQueue[tuple[Child, int]] = SimpleQueue()

    def run(self) -> None:
        """Run until SIGTERM or SIGINT, then stop everything.

        Raises AlreadyRunning, PortTaken, AzuriteUnavailable, ChildFailed, EventingFailed or PartEnded.
        """
        with lock.hold(self._options.data), _one_interrupt(), ExitStack() as parts_to_stop:
            try:
                self._start_and_watch(parts_to_stop)
            except KeyboardInterrupt:
                self._say("stopping")

    def _start_and_watch(self, parts_to_stop: ExitStack) -> None:
        """Start each part when what it needs answers; `parts_to_stop` stops them in the opposite order."""
        ports = self._ports()
        azurite = Azurite(self._options.data, port=ports.azurite, log=self._options.logs / "azurite.log")
        parts_to_stop.callback(azurite.stop)
        self._report_end(azurite.child)
        self._say(f"Azurite answers on {azurite.accounts.origin}")

        self._say("starting the local Azure (the first time, a minute or two go into the machines' base image)")
        azure = parts.start_azure(self._options, azurite, ports.azure)
        parts_to_stop.callback(azure.stop, timeout=_STOP_SECONDS)
        azure_url = parts.azure_address(azure)
        self._report_end(azure)
        self._say(f"the local Azure answers on {azure_url}")

        eventing = parts_to_stop.enter_context(Eventing(azure_url, str(azurite.certificates.ca)))
        topic = eventing.make_topic()

        def start_host(port: int) -> Child:
            return parts.start_host(self._options, azurite, azure_url, topic, port)

        host = _Restarted(start_host, ports.host)
        parts_to_stop.callback(host.stop)
        host_url = parts.host_address(host.child)
        host.port = port_of(host_url)
        self._report_end(host.child)
        eventing.connect(host_url, saved_master_key(parts.keys_file(self._options.data)))
        endpoints = Endpoints(host_url, azure_url, azurite.accounts.origin, str(azurite.certificates.ca))
        endpoints.save(self._options.data)
        parts_to_stop.enter_context(trust.announced(endpoints))
        self._ready(host_url)
        self._watch(host)

    def _watch(self, host: _Restarted) -> None:
        """Restart the host whenever it ends, as the platform would. Raises PartEnded when another part ends."""
        back_off = BackOff()
        while True:
            child, code = self._ended.get()
            if child is not host.child:
                raise PartEnded(describe_exit(child, code))
            delay = back_off.after(host.lived)
            self._say(f"{describe_exit(child, code)}; starting it again in {delay:g} s")
            time.sleep(delay)
            host.start()
            try:
                self._say(f"the Functions host answers again on {parts.host_address(host.child)}")
            except ChildFailed as error:
                self._say(str(error))
            self._report_end(host.child)

    def _report_end(self, child: Child) -> None:
        """Put this child into the queue of ended children once it ends."""

        def wait() -> None:
            self._ended.put((child, child.process.wait()))

        threading.Thread(target=wait, name=f"end of {child.name}", daemon=True).start()

    def _ports(self) -> _Ports:
        """Return the ports to use. Raises PortTaken for one that was asked for and is in use."""
        asked = self._options
        last = Endpoints.load(asked.data)
        return _Ports(
            host=_port(asked.port, last.host if last else None, "the Functions host (--port)"),
            azure=_port(asked.azure_port, last.azure if last else None, "the local Azure (--azure-port)"),
            azurite=_port(asked.azurite_port, last.blob if last else None, "Azurite (--azurite-port)"),
        )


class _Restarted:
    """The Functions host's current process; the next one serves on the same port."""

    def __init__(self, make: Callable[[int], Child], port: int) -> None:
        self._make = make
        self.port = port
        self.start()

    def start(self) -> None:
        """Start the process."""
        self.child = self._make(self.port)
        self._started = time.monotonic()

    def stop(self) -> None:
        """Stop the current process."""
        self.child.stop()

    @property
    def lived(self) -> float:
        """Seconds since the current process was started."""
        return time.monotonic() - self._started


def _port(asked: int, last: str | None, what: str) -> int:
    """Return the port to use: stored blob URLs name the last run's ports, so these are the best free ones."""
    if asked != 0:
        refuse_taken(asked, what)
        return asked
    return port_of(last) if last and not is_taken(port_of(last)) else 0


@contextmanager
def _one_interrupt() -> Iterator[None]:
    """Let the first SIGINT or SIGTERM raise KeyboardInterrupt, and the next ones do nothing.

    A second one must not cut the parts' orderly end short: Azurite would lose what it wrote last.
    """

    def interrupt(*_: object) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
