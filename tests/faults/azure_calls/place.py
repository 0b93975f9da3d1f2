"""The place of a case: a local Azure with its blobs behind a proxy, Kiln's own clients on it, and no real waiting.

It must not know which case that is.
"""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

import httpx
import pytest
from azure.core.pipeline.transport import HttpTransport
from requests.adapters import HTTPAdapter

from devkit.azurite import Azurite
from devkit.azurite.fault_proxy import FaultProxy
from devkit.local.eventing import Eventing
from devkit.local.in_process import InProcessAzure
from kiln.runs import documents
from tests.faults.by_turns import DocumentsByTurns
from tests.faults.direct import direct
from tests.faults.memory import MemoryDocuments
from tests.own_clients import own_clients

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_BREATH = 0.01  # seconds; polls without any pause would keep the local Azure from its work
_CONNECT_SECONDS = 10.0


@dataclass(frozen=True)
class Exchange:
    """A request of Kiln's and its answer."""

    service: Literal["ARM", "blobs"]
    method: str
    path: str
    query: str
    status: int
    headers: Mapping[str, str]
    size: int
    """Size of the answer's body, in bytes."""


@dataclass
class Place:
    """The local Azure and what stands around it."""

    azure: InProcessAzure
    proxy: FaultProxy
    control: httpx.Client
    """The local Azure's control plane."""
    pauses: list[float] = field(default_factory=list)
    """Seconds of each wait of azure-core's."""
    patience: float | None = None
    """Seconds for which azure-core waits for an answer; None: its own default."""
    listeners: list[Callable[[Exchange], None]] = field(default_factory=list)
    topic: str = ""
    _states: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def kiln(self, *, records: bool) -> Iterator[None]:
        """Give Kiln new clients for the block; with `records` its state in blobs, by turns, and a topic for events."""
        settings = self.azure.environment(f"kilnstate{next(self._states)}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(documents, "Documents", DocumentsByTurns if records else MemoryDocuments)
            if records:
                settings["KILN_TOPIC_ENDPOINT"] = self.topic
            else:
                patch.delenv("KILN_TOPIC_ENDPOINT", raising=False)
            with own_clients(settings):
                yield

    def heard_azure(
        self, method: str, url: str, _: bytes, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Take an exchange that the local Azure observed."""
        path, query = split(url)
        self._tell(Exchange("ARM", method, path, query, status, headers, len(body)))

    def heard_blobs(self, method: str, url: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Take an exchange that the proxy observed."""
        path, query = split(url)
        self._tell(Exchange("blobs", method, path, query, status, headers, len(body)))

    def _tell(self, exchange: Exchange) -> None:
        for listener in self.listeners:
            listener(exchange)

    def resources(self) -> set[str]:
        """Return the ids (lower case) of all resources there are."""
        found = self.control.get("/_local/resources").raise_for_status().json()["resources"]
        return {item["id"].lower() for item in found}


def split(url: str) -> tuple[str, str]:
    """Return path and query."""
    path, _, query = url.partition("?")
    return path, query


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """Start everything, with a topic for Kiln's events."""
    with ExitStack() as stack:
        azurite = stack.enter_context(Azurite(folder / "azurite", in_memory=True))
        proxy = stack.enter_context(FaultProxy(azurite.accounts.origin, azurite.certificates))
        azurite.accounts.origin = proxy.origin
        (folder / "azure").mkdir()
        azure = stack.enter_context(InProcessAzure(azurite, folder / "azure"))
        with Eventing(azure.url, str(azurite.certificates.ca)) as eventing:
            topic = eventing.make_topic()
        control = stack.enter_context(httpx.Client(base_url=azure.http_url, trust_env=False, timeout=60))
        here = Place(azure, proxy, control, topic=topic)
        stack.enter_context(_quick(here))
        stack.enter_context(direct())
        azure.server.observer = here.heard_azure
        proxy.observer = here.heard_blobs
        yield here


@contextmanager
def _quick(here: Place) -> Iterator[None]:
    """Let azure-core's back-off pass at once, and its time limits be as short as the place says.

    Before it tries again, azure-core drops unread a refusal whose body was to be streamed (as where a long-running
    operation begins): its socket is open until the garbage collector comes by, and warns of that. So a refusal is
    closed by the next request of its thread; by then it has been read, if anybody wanted to.
    """
    send, refused = HTTPAdapter.send, threading.local()

    def sleep(_: HttpTransport[Any, Any], duration: float) -> None:
        here.pauses.append(duration)
        time.sleep(_BREATH)

    def hasty(self: HTTPAdapter, *arguments: Any, **options: Any) -> Any:
        if here.patience is not None:
            options["timeout"] = (_CONNECT_SECONDS, here.patience)
        if (dropped := vars(refused).pop("answer", None)) is not None:
            dropped.close()
        answer = send(self, *arguments, **options)
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            refused.answer = answer
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HttpTransport, "sleep", sleep)
        patch.setattr(HTTPAdapter, "send", hasty)
        yield
