"""Subjects that follow a new version: the rebuild that its event starts, and the watcher's round that announces it.

Each case has Kiln's records to itself, so that no template of another case follows the same image.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kiln.cloud.marketplace_versions import versions
from kiln.ids import RunRef
from kiln.rebuild.contracts import REBUILD, WATCH_SOURCES, SourceVersion, WatchRequest
from kiln.rebuild.index import enter_trigger
from kiln.rebuild.source import MarketplaceImage
from kiln.rebuild.source_records import Sources
from kiln.runs.record import TriggerRecord
from kiln.runs.runs import Runs
from kiln.runs.triggers import Triggers
from tests.faults.azure_calls.subjects import VERSION, Outcome, forget_group, runner
from tests.faults.azure_calls.sweeper import end_run
from tests.flows.local_azure.kiln import LINUX, SUBSCRIPTION, Kiln, gallery, real_activities, template

if TYPE_CHECKING:
    from tests.faults.azure_calls.injector import Around
    from tests.faults.azure_calls.place import Place

DEBIAN = MarketplaceImage(region="westeurope", publisher="Debian", offer="debian-12", sku="12-gen2")


class Rebuild:
    """An event of a new version, to the end of the build that follows."""

    name, phase, records, alone = "rebuild", "rebuild", True, True

    def __init__(self) -> None:
        self._activities = real_activities()
        self._kiln: Kiln | None = None

    def forget(self) -> None:
        """Drop the template."""
        self._kiln = None

    def prepare(self, place: Place) -> None:
        """Submit a template that follows the marketplace image which it is built from."""
        self._kiln = kiln = Kiln(
            place.azure, template(distribute=[gallery("northeurope")]), activities=self._activities
        )
        kiln.submit()
        record, now = kiln.template, datetime.now(UTC)
        body = {"properties": {"kind": "SourceImage"}}
        Triggers().put(
            TriggerRecord(template=kiln.id, name="base", kind="SourceImage", body=body, created=now, changed=now)
        )
        enter_trigger(record, "base", now)

    def run(self, place: Place, around: Around) -> Outcome:
        """Announce the version, and let the rebuild end."""
        kiln = self._kiln
        assert kiln is not None
        before = place.resources()
        told = SourceVersion(
            source=DEBIAN,
            version=versions(SUBSCRIPTION, DEBIAN)[-1].version,
            event="e1",
            at=datetime.now(UTC).isoformat(),
        )
        flows, name = runner(self._activities, around), f"rebuild-{uuid.uuid4().hex}"
        result = flows.run(REBUILD.name, told.model_dump(mode="json"), instance_id=name)
        for run in Runs().list(kiln.id):
            if not run.state.is_final:
                end_run(RunRef(template=kiln.id, run_id=run.run_id), self._activities)
        runs = list(Runs().list(kiln.id))
        new = place.resources() - before
        made = {id_ for id_ in new if VERSION.fullmatch(id_)}
        forget_group(kiln.template.staging_group)
        said = [run.message for run in runs] + [result.error or "", str(result.output)]
        return Outcome(
            flow="Completed",  # or Failed, when nothing could be built: Durable Functions shows that with its reason
            state=runs[-1].state if runs else "Failed",
            text="\n".join(said),
            phase=None if runs else self.phase,
            versions=len(made),
            regions=max((len(output.regions) for run in runs for output in run.outputs), default=0),
            strays=tuple(sorted(new - made)) + tuple(f"a second run {run.run_id}" for run in runs[1:]),
        )


class Watch:
    """A round of the watcher, and the next one, which sees the versions that the first has missed."""

    name, phase, records, alone = "watch", "watch", True, True

    def __init__(self) -> None:
        self._activities = real_activities()

    def forget(self) -> None:
        """Do nothing: it keeps nothing."""

    def prepare(self, place: Place) -> None:
        """Store a template that is built from a marketplace image; its submission does not matter here."""
        Kiln(place.azure, template(LINUX), activities=self._activities)

    def run(self, place: Place, around: Around) -> Outcome:
        """Run two rounds."""
        before = place.resources()
        for watcher in (around, Nobody()):
            flows, name = runner(self._activities, watcher), f"watch-{uuid.uuid4().hex}"
            result = flows.run(WATCH_SOURCES.name, WatchRequest().model_dump(mode="json"), instance_id=name)
        known = Sources().get(DEBIAN.key)
        return Outcome(
            flow=result.status,
            state="Succeeded" if known is not None and known.newest else "Failed",
            text=result.error or "",
            strays=tuple(place.resources() - before),
        )


class Nobody:
    """An observer that does nothing."""

    def enter(self, activity: str, payload: object) -> None:
        """Do nothing."""

    def leave(self) -> None:
        """Do nothing."""
