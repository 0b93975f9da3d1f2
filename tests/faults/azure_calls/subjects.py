"""Subjects of faults: a submission, a build, a rebuild after an event, a round of the watcher.

Each returns an outcome that is all a judge needs; it must not know what went wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import orchestrators
from devkit.host.testing import FlowRunner
from kiln.blobs import _key
from kiln.cloud import clients
from kiln.events.drain_all import drain_all
from kiln.events.outbox import Outboxes
from kiln.ids import RunRef
from tests.faults.azure_calls.injector import watched
from tests.faults.azure_calls.sweeper import end_run, end_submission
from tests.flows.local_azure.kiln import GALLERY, STAGED, SUBSCRIPTION, Kiln, gallery, real_activities, template

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.azure_calls.injector import Around
    from tests.faults.azure_calls.place import Place

VERSION = re.compile(re.escape(f"{GALLERY}/images/".lower()) + r"[^/]+/versions/[^/]+")


@dataclass(frozen=True)
class Outcome:
    """The end of a subject: its states, what it tells a person, and what it has left."""

    flow: str
    """The orchestration's own status."""
    state: str
    text: str = ""
    """All texts that a person reads of it."""
    hint: str | None = None
    phase: str | None = None
    """The phase in which it failed."""
    versions: int = 0
    regions: int = 0
    """The number of the version's regions."""
    strays: tuple[str, ...] = ()
    """Resources that nobody asked for and that are not named as leftovers."""
    leftovers: tuple[str, ...] = ()
    unsent: int = 0
    """Events that could not be published even when asked once more."""


class Subject(Protocol):
    """One thing that Kiln does."""

    name: str
    phase: str
    """The phase in which it begins."""
    records: bool
    """Whether it is about Kiln's own records and events, or about everything else."""
    alone: bool
    """Whether each case has records of its own."""

    def forget(self) -> None:
        """Drop what it remembers: Kiln's records are others now."""
        ...

    def prepare(self, place: Place) -> None:
        """Make what it needs."""
        ...

    def run(self, place: Place, around: Around) -> Outcome:
        """Run it, with `around` told of every activity."""
        ...


def body(*, small: bool) -> dict[str, Any]:
    """Return the template of the matrix: a file, a script, a gallery in two regions and a VHD; or a script alone."""
    if small:
        return template(distribute=[gallery("northeurope")])
    file = {"type": "File", "name": "file", "sourceUri": "data:text/plain,hello", "destination": "/tmp/hello"}
    script = {"type": "Shell", "name": "hello", "inline": ["echo hello"]}
    return template(
        customize=[file, script],
        distribute=[gallery("northeurope"), {"type": "VHD", "runOutputName": "vhd"}],
    )


class Submission:
    """The submission of a template."""

    name, phase, alone = "submission", "submit", False

    def __init__(self, *, records: bool = False) -> None:
        self.records = records
        self._activities = real_activities()

    def forget(self) -> None:
        """Do nothing: it keeps nothing."""

    def prepare(self, place: Place) -> None:
        """Do nothing: it needs nothing."""

    def run(self, place: Place, around: Around) -> Outcome:
        """Submit a new template; its staging group is deleted afterwards."""
        before = place.resources()
        kiln = Kiln(place.azure, body(small=self.records), activities=self._activities)
        kiln.runner = runner(self._activities, around)
        flow = kiln.submit()
        if kiln.template.provisioning_state == "Creating":
            end_submission(kiln.id)
        record = kiln.template
        found = kiln.resources()
        group = f"/resourcegroups/{record.staging_group.lower()}"
        strays = [id_ for id_ in place.resources() - before if group not in f"{id_}/"]
        strays += [kind for kind in found if kind not in STAGED]
        if record.provisioning_state == "Succeeded" and found != STAGED:
            strays.append(f"the staging group holds {found}")
        error = record.provisioning_error
        forget_group(record.staging_group)
        return Outcome(
            flow=flow.status,
            state=record.provisioning_state,
            text=" ".join([error.code, error.message] if error else []),
            phase=self.phase if error else None,
            strays=tuple(strays),
        )


class Build:
    """A build of a template that was submitted before; as long as nothing is left over, the next build has the same."""

    name, phase, alone = "build", "plan", False

    def __init__(self, *, records: bool = False) -> None:
        self.records = records
        self._activities = real_activities()
        self._kiln: Kiln | None = None

    def forget(self) -> None:
        """Drop the template."""
        self._kiln = None

    def prepare(self, place: Place) -> None:
        """Submit a template, unless the last case left a good one."""
        _key.cache_clear()  # cached for an hour; in a case it must be asked for
        if self._kiln is None:
            self._kiln = Kiln(place.azure, body(small=self.records), activities=self._activities)
            self._kiln.submit()
            assert self._kiln.template.provisioning_state == "Succeeded", self._kiln.template.provisioning_error

    def run(self, place: Place, around: Around) -> Outcome:
        """Build, and publish the events that are left in the outbox."""
        kiln = self._kiln
        assert kiln is not None
        kiln.runner = runner(self._activities, around)
        before = place.resources()
        started, flow = kiln.start_build()
        status, reference = flow.finish().status, RunRef(template=kiln.id, run_id=started.run_id)
        if not kiln.run(started.run_id).state.is_final:
            end_run(reference, self._activities)
        drain_all()
        run = kiln.run(started.run_id)
        box = Outboxes().get(reference)
        new = place.resources() - before
        made = {id_ for id_ in new if VERSION.fullmatch(id_)}
        named = tuple(text.split(": ")[0].lower() for text in run.leftovers)
        strays = [id_ for id_ in new - made if not any(id_.startswith(left) for left in named)]
        if not named and kiln.resources() != STAGED:
            strays.append(f"the staging group holds {kiln.resources()}")
        if strays or named:
            self._kiln = None
            forget_group(kiln.template.staging_group)
        errors = [run.error, *(output.error for output in run.outputs)]
        return Outcome(
            flow=status,
            state=run.state,
            text="\n".join([run.message, *(error.sentence() for error in errors if error), *run.leftovers]),
            hint=next((error.hint for error in errors if error and error.hint), None),
            phase=next((phase.name.value for phase in run.phases if phase.state == "Failed"), None),
            versions=len(made),
            regions=max((len(output.regions) for output in run.outputs if output.kind == "SharedImage"), default=0),
            strays=tuple(strays),
            leftovers=named,
            unsent=len(box.content.unsent) if box else 0,
        )


def runner(activities: dict[str, Callable[[Any], Any]], around: Around) -> FlowRunner:
    """Return a runner of Kiln's workflows, with `around` told of every activity; it acts the same in every case."""
    return FlowRunner(list(orchestrators.blueprints), watched(activities, around), replay_once=True)


def forget_group(name: str) -> None:
    """Delete a staging group, so that the next look at all resources is as quick as this one."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        clients.resources(SUBSCRIPTION).resource_groups.begin_delete(name, polling=False)
    except ResourceNotFoundError:
        return  # it was never made
