"""Races of two processes that answer the API at once, with nothing in common but the state store and the task hub, like
instances of a function app: requests of two clients at one moment must give one run, and nothing half done.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import secrets
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from devkit.azure.cloud_ids import SUBSCRIPTION_ID
from devkit.azurite import Azurite
from devkit.local.in_process import InProcessAzure
from kiln.errors import KilnError
from kiln.ids import TemplateId
from kiln.lifecycle.end_run import cancel_current_run, delete_template
from kiln.lifecycle.start_run import start_run
from kiln.lifecycle.submit import Submission, submit
from kiln.runs.naming import run_id
from kiln.runs.new_run import new_run
from kiln.runs.record import ProvisioningState, RunState, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.versions import Versions
from tests.faults.matrix import Case
from tests.faults.races_hub import Client, Hubs
from tests.own_clients import own_clients
from triggers.orchestrations import DurableOrchestrations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

ROUNDS = 10
ASKED = ("run", "cancel", "put", "delete")
BODY: dict[str, Any] = {
    "location": "westeurope",
    "identity": {"type": "None"},
    "properties": {
        "source": {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"},
        "customize": [{"type": "Shell", "inline": ["echo hello"]}],
        "distribute": [{"type": "VHD", "runOutputName": "vhd"}],
    },
}
LATE = ("azure.identity", "azure.storage.blob", "httpx")
"""Packages that Kiln imports when it first needs them."""
_FORKS = multiprocessing.get_context("forkserver")  # from a process that has imported everything, and done nothing
_FORKS.set_forkserver_preload([__name__, *LATE])


def _ask(what: str, template: TemplateId, hub: Any) -> None:
    """Ask as the API's own functions do."""
    orchestrations, now = DurableOrchestrations(cast("Any", Client(hub))), datetime.now(UTC)
    match what:
        case "run":
            suffix = secrets.token_hex(4)
            name = run_id(now, suffix)
            asyncio.run(start_run(orchestrations, template, name, lambda found: new_run(found, now, suffix)))
        case "cancel":
            asyncio.run(cancel_current_run(orchestrations, Templates().require(template), now))
        case "put":
            minutes = 6 + secrets.randbelow(900)
            wanted = {**BODY, "properties": {**BODY["properties"], "buildTimeoutInMinutes": minutes}}
            asked = Submission(template=template, body=lambda _: wanted, at=now, suffix=secrets.token_hex(4))
            submit(Templates(), Versions(), asked)
        case _:
            asyncio.run(delete_template(orchestrations, template, now))


def _serve(environment: dict[str, str], address: Any, key: bytes, pipe: Connection, gate: Any) -> None:
    """Be one process of the app: answer each request at the moment when the other one does."""
    hubs = Hubs(address, key)
    hubs.connect()
    with own_clients(environment):
        hub = hubs.hub()  # type: ignore[attr-defined]  # registered
        while (asked := pipe.recv()) is not None:
            what, template = asked
            gate.wait()
            try:
                _ask(what, template, hub)
                pipe.send("done")
            except KilnError as refused:
                pipe.send(type(refused).__name__)


@dataclass
class Hosts:
    """Two processes, and the hub that they share."""

    hub: Any
    pipes: tuple[Connection, Connection]

    def at_once(self, one: str, other: str, template: TemplateId) -> tuple[str, str]:
        """Send a request to each at one moment; return `done`, or the name of the error, of each."""
        for pipe, what in zip(self.pipes, (one, other), strict=True):
            pipe.send((what, template))
        first, second = (str(pipe.recv()) for pipe in self.pipes)
        return first, second


class RaceBench:
    """Races with templates of their own, each with two requests at once."""

    notes: Sequence[str] = ()

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def cases(self) -> Sequence[Case]:
        """Return each pair of requests, as often as there are rounds."""
        return [
            Case(f"{one}-{other}-{at}", one, other)
            for one, other in itertools.combinations_with_replacement(ASKED, 2)
            for at in range(1, ROUNDS + 1)
        ]

    def check(self, case: Case) -> Sequence[str]:
        """Race once, on a submitted template; where there is a cancel and no run, one is under way already."""
        template = _template()
        self._hosts.hub.forget()
        if "cancel" in {case.row, case.column} and "run" not in {case.row, case.column}:
            _ask("run", template, self._hosts.hub)
        answers = self._hosts.at_once(case.row, case.column, template)
        return [f"{problem}; the answers were {answers}" for problem in _wrong(template, self._hosts.hub)]


def _template() -> TemplateId:
    name = TemplateId(subscription=SUBSCRIPTION_ID, group="rg-images", name=f"race-{secrets.token_hex(6)}")
    now = datetime.now(UTC)
    Templates().create(
        TemplateRecord(
            id=name,
            body=BODY,
            created=now,
            changed=now,
            settled=1,
            staging_group=f"IT_{name.name}",
            provisioning_state=ProvisioningState.SUCCEEDED,
        )
    )
    return name


def _wrong(template: TemplateId, hub: Any) -> list[str]:
    """Return everything that is half done, or done twice."""
    started, canceled = hub.told()
    builds = [instance for name, instance in started if name == "build_image"]
    deletions = [instance for name, instance in started if name == "delete_template"]
    runs = list(Runs().list(template))
    record = Templates().require(template)
    found = []
    if len(builds) > 1 or len(deletions) > 1:
        found.append(f"this was started: {started}")
    if [run.instance_id for run in runs if run.state is RunState.RUNNING or run.instance_id in builds] != builds:
        found.append(f"the runs are {[(run.run_id, run.state.value) for run in runs]}, and started is {builds}")
    if runs and record.run_id != runs[-1].run_id:
        found.append(f"the template points at {record.run_id}, and the run is {runs[-1].run_id}")
    for run in runs:
        if run.instance_id in builds and run.state is not RunState.RUNNING and run.instance_id not in canceled:
            found.append(f"run {run.run_id} is {run.state.value}, and its build was not told")
        if deletions and run.state is RunState.RUNNING:
            found.append(f"run {run.run_id} goes on in a template that is being deleted")
    lost = [number for number in range(1, record.version) if Versions().get(record, number) is None]
    if lost:
        found.append(f"of {record.version} versions {lost} are lost")
    return found


@dataclass(frozen=True)
class _Matrix:
    name: str = "two-hosts"
    title: str = "two processes answer the API at one moment"
    every: int = 25
    case_seconds: float = 60.0

    @contextmanager
    def open(self, folder: Path) -> Iterator[RaceBench]:
        """Start both processes, with a state store and a hub for them."""
        with ExitStack() as stack:
            azurite = stack.enter_context(Azurite(folder / "azurite", in_memory=True))
            (folder / "azure").mkdir()
            azure = stack.enter_context(InProcessAzure(azurite, folder / "azure"))
            environment = azure.environment("races")
            stack.enter_context(own_clients(environment))
            hubs = stack.enter_context(Hubs(ctx=_FORKS))
            key, gate = bytes(multiprocessing.current_process().authkey), _FORKS.Barrier(2)
            pipes = [_process(stack, environment, hubs.address, key, gate) for _ in range(2)]
            yield RaceBench(Hosts(hubs.hub(), (pipes[0], pipes[1])))  # type: ignore[attr-defined]  # registered


def _process(stack: ExitStack, environment: dict[str, str], address: Any, key: bytes, gate: Any) -> Connection:
    ours, theirs = _FORKS.Pipe()
    process = _FORKS.Process(target=_serve, args=(environment, address, key, theirs, gate))
    process.start()
    stack.callback(process.join)
    stack.callback(ours.send, None)
    return ours


MATRIX = _Matrix()
