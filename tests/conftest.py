"""Fixtures for every test: a running Azurite and a local Azure; and the guard that keeps unit tests off the network.

A test module under tests/unit that needs loopback sockets says so: `pytestmark = pytest.mark.sockets`.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings as hypothesis_settings

from devkit.azurite import Azurite
from devkit.local.in_process import InProcessAzure
from devkit.specification import Recorder, Specifications
from kiln.config import config
from tests.answers import ANSWERED
from tests.one_trust_store import share_trust_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UNIT = Path(__file__).parent / "unit"
_SPECIFICATIONS = Path(__file__).parents[2] / "shared" / "reference" / "openapi"
"""The place of Microsoft's OpenAPI files, if a machine has them; they are no part of the repository."""


hypothesis_settings.register_profile("kiln", deadline=None, max_examples=50)  # a busy machine is no failure
hypothesis_settings.load_profile("kiln")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sockets: a unit test that talks over loopback sockets")
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    share_trust_store(patch)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with tests on real machines: they take minutes, in which nothing else would be left to do at the end."""
    items.sort(key=lambda item: item.get_closest_marker("qemu") is None)


@pytest.fixture(autouse=True)
def settings_are_read_anew() -> None:
    """Let Kiln read its settings anew in each test."""
    config.cache_clear()


@pytest.fixture(autouse=True)
def block_sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a unit test fail that opens a network connection or port, unless it is marked `sockets`.

    Unix sockets stay usable: event loops make themselves a pair, and they reach nothing but this machine.
    """
    if _UNIT not in request.path.parents or request.node.get_closest_marker("sockets"):
        return
    for name in ("connect", "connect_ex", "bind"):
        monkeypatch.setattr(socket.socket, name, _refusing(name, getattr(socket.socket, name)))


def _refusing(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def refuse(self: socket.socket, address: Any) -> Any:
        if self.family == socket.AF_UNIX:
            return original(self, address)
        pytest.fail(f"a unit test called socket.{name}({address!r}); mark it `sockets` if it must")

    return refuse


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """Azurite on a free port; with pytest-xdist, one for each worker."""
    with Azurite(tmp_path_factory.mktemp("azurite"), in_memory=True) as running:
        yield running


@pytest.fixture(scope="session")
def local_azure(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessAzure]:
    """A local Azure in this process, with scripted machines and no latency, on the test run's Azurite.

    Its state is the whole session's: a test gives what it makes names of its own.
    """
    with InProcessAzure(azurite, tmp_path_factory.mktemp("azure")) as running:
        yield running


@pytest.fixture
def azure_environment(local_azure: InProcessAzure, monkeypatch: pytest.MonkeyPatch) -> InProcessAzure:
    """The local Azure, with the environment of an app on it set in this process: trust, identity, endpoints."""
    for name, value in local_azure.environment().items():
        monkeypatch.setenv(name, value)
    return local_azure


@pytest.fixture(scope="session")
def specifications() -> Specifications | None:
    """Microsoft's specifications; None where this machine does not have them."""
    return Specifications(_SPECIFICATIONS) if _SPECIFICATIONS.is_dir() else None


@pytest.fixture(scope="session")
def recorder(local_azure: InProcessAzure) -> Recorder:
    """The recorder of exchanges between any client and the local Azure, which are judged at each test's end."""
    recording = Recorder()
    local_azure.server.observer = recording.observe
    return recording


@pytest.fixture(autouse=True)
def judged_by_specification(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test that uses `local_azure` fail if an exchange was not as Microsoft's specifications have it.

    Judged are Kiln's requests to the local Azure, the local Azure's answers, and those answers of Kiln's API that
    clients add to `tests.answers.ANSWERED`. Where the specifications are not at hand, nothing is judged; exchanges of
    a test that has an Azure of its own are forgotten, lest the next test be judged for them.
    """
    uses = "local_azure" in request.fixturenames
    specifications: Specifications | None = request.getfixturevalue("specifications") if uses else None
    if specifications is None:
        yield
        ANSWERED.take()
        return
    recorder: Recorder = request.getfixturevalue("recorder")
    yield
    violations = [each for recorded in (recorder, ANSWERED) for each in recorded.judged(specifications)]
    if violations:
        pytest.fail("not as Microsoft's specifications have it:\n" + "\n".join(map(str, violations)), pytrace=False)
