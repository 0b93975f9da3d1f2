"""Templates that follow one another, with the real decision, index and store, among builds that only keep records.

Time is virtual. A build makes a version of each definition that its template distributes to, and an event of that.
"""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from activities import rebuild
from kiln.contracts.base import Nothing, Progress
from kiln.contracts.runs import BUILD_IMAGE, BuildRequest, FinishReport, ProgressReport
from kiln.errors import CustomizerFailed
from kiln.ids import RunRef, TemplateId
from kiln.rebuild.contracts import REBUILD, SourceVersion, VersionFacts
from kiln.rebuild.index import enter_trigger
from kiln.rebuild.source import GalleryDefinition, MarketplaceImage, produced_definitions, source_of, version_order
from kiln.runs.begin import begin_run, has_begun
from kiln.runs.lineage import lineage_of, lineage_tags
from kiln.runs.new_run import new_run
from kiln.runs.record import ProvisioningState, RunRecord, RunState, TemplateRecord, TriggerRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import enter_phase, finish
from kiln.runs.triggers import Triggers
from kiln.template.parse import parse_template
from tests.flows.kiln.plans import plan
from tests.flows.kiln.world import World

if TYPE_CHECKING:
    from devkit.host.testing import Flow
    from kiln.contracts.machines import ScriptRequest
    from kiln.planner.plan import Plan

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
DEBIAN = {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "latest"}
BUILD = timedelta(minutes=20)


def definition(name: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images/{name}"


def debian(region: str = "westeurope") -> MarketplaceImage:
    return MarketplaceImage(region=region, publisher="Debian", offer="debian-12", sku="12-gen2")


class Shop:
    """Templates, with their events, rebuilds and builds."""

    def __init__(self, **settings: Any) -> None:
        self.world = World(**settings)
        self.versions: dict[tuple[str, str], VersionFacts] = {}
        self.numbers = itertools.count(1)
        self.events = itertools.count(1)
        self.flows: list[Flow] = []
        self.known: dict[str, set[str]] = {}
        self.failing: set[str] = set()
        self.going: set[str] = set()
        self.most_going = 0
        answers = {
            "look_up_version": self._facts,
            "list_dependents": rebuild.list_dependents,
            "claim_rebuild": rebuild.claim_rebuild,
            "free_slot": rebuild.free_slot,
            "make_plan": self._plan,
            "report_progress": self._progress,
            "check_step": self._step,
            "finish_run": self._finish,
        }
        self.world.answers.update(answers)
        self.ends: dict[str, datetime] = {}

    @property
    def now(self) -> datetime:
        return self.world.runner.clock.now()

    def template(
        self, name: str, *produces: str, follows: str | None = None, region: str = "westeurope", **settings: Any
    ) -> TemplateId:
        """Store a template with a trigger, which follows Debian or an image definition."""
        source = (
            {"type": "SharedImageVersion", "imageVersionId": f"{definition(follows)}/versions/latest"}
            if follows
            else DEBIAN
        )
        targets = [
            {"type": "SharedImage", "runOutputName": made, "galleryImageId": definition(made)} for made in produces
        ] or [{"type": "VHD", "runOutputName": "vhd"}]
        record = TemplateRecord(
            id=self.id(name),
            body={
                "location": region,
                "identity": {"type": "None"},
                "properties": {"source": source, "distribute": targets},
            },
            settled=1,
            created=self.now,
            changed=self.now,
            staging_group=f"IT_rg_{name}",
            provisioning_state=ProvisioningState.SUCCEEDED,
        )
        Templates().create(record)
        trigger = TriggerRecord(
            template=record.id,
            name="base",
            kind="SourceImage",
            body={"properties": {"kind": "SourceImage", **settings}},
            created=self.now,
            changed=self.now,
        )
        Triggers().put(trigger)
        enter_trigger(record, "base", self.now)
        return record.id

    def id(self, name: str) -> TemplateId:
        """Return a template's id."""
        return TemplateId(subscription=SUBSCRIPTION, group="rg", name=name)

    def told(self, source: MarketplaceImage | GalleryDefinition, version: str) -> Flow:
        """Start the orchestration that an event of a version starts."""
        number = next(self.events)
        self.known.setdefault(source.key, set()).add(version)
        found = SourceVersion(source=source, version=version, event=f"e{number}", at=self.now.isoformat())
        flow = self.world.runner.start(REBUILD.name, found.model_dump(mode="json"), instance_id=f"rebuild-{number}")
        self.flows.append(flow)
        return flow

    def publish(self, name: str, version: str, **facts: Any) -> None:
        """Publish a version of a definition, and announce it."""
        facts.setdefault("regions", ("westeurope",))
        self.versions[definition(name).lower(), version] = VersionFacts(**facts)
        self.told(GalleryDefinition(id=definition(name)), version)

    def drain(self) -> None:
        """Run everything that was started to its end, with all that follows from it."""
        done = 0
        while done < len(self.flows):
            result = self.flows[done].finish()
            assert result.status == "Completed", result.error
            done += 1

    def run_by_hand(self, template: TemplateId) -> None:
        """Run a template to its end because somebody asks for it."""
        run = new_run(Templates().require(template), self.now, f"{next(self.events):08x}")
        begin_run(template, run.run_id, lambda _: run)
        has_begun(RunRef(template=template, run_id=run.run_id))
        request = BuildRequest(run=RunRef(template=template, run_id=run.run_id))
        self.flows.append(
            self.world.runner.start(BUILD_IMAGE.name, request.model_dump(mode="json"), instance_id=run.instance_id)
        )

    def runs(self, template: TemplateId) -> list[RunRecord]:
        """Return a template's runs, oldest first."""
        return list(Runs().list(template))

    def built(self, template: TemplateId) -> list[str | None]:
        """Return the versions of the source that caused builds of a template, oldest first."""
        return [run.cause.source_version if run.cause else None for run in self.runs(template)]

    def skipped(self, template: TemplateId) -> list[str]:
        """Return the reasons for which a template was not built, one for each time."""
        return [
            call.output["result"]["reason"]
            for call in self.world.runner.calls
            if call.name == "claim_rebuild"
            and call.input["rebuild"]["target"]["template"]["name"] == template.name
            and call.output["result"]["decision"] == "skip"
        ]

    def _facts(self, found: SourceVersion) -> VersionFacts:
        if isinstance(found.source, MarketplaceImage):
            return VersionFacts()
        return self.versions[found.source.id.lower(), found.version]

    def _plan(self, run: RunRef) -> Plan:
        record = Runs().require(run.template, run.run_id)
        self.ends[run.run_id] = self.now + BUILD
        self.going.add(run.run_id)
        self.most_going = max(self.most_going, len(self.going))
        if run.template.name in self.failing:
            raise CustomizerFailed(
                step="a", target="properties.customize[0]", exit_code=1, last_lines="no", log="https://log"
            )
        version = self._newest(record)
        Runs().update(run.template, run.run_id, lambda known: known.model_copy(update={"source_version": version}))
        return plan().model_copy(update={"run": run})

    def _newest(self, run: RunRecord) -> str:
        """Return the version that `latest` means now."""
        source = source_of(parse_template(run.body))
        assert source is not None
        return max(self.known.get(source.key, {"0.0.1"}), key=version_order)

    def _progress(self, report: ProgressReport) -> Nothing:
        run, at = report.run, datetime.fromisoformat(report.at)
        Runs().update(run.template, run.run_id, lambda known: enter_phase(known, report.phase, at))
        return Nothing()

    def _step(self, request: ScriptRequest) -> Progress:
        left = self.ends[request.run.run_id] - self.now
        return Progress(done=left <= timedelta(), retry_after=left.total_seconds(), exit_code=0)

    def _finish(self, report: FinishReport) -> Nothing:
        run, at = report.run, datetime.fromisoformat(report.at)
        before = Runs().require(run.template, run.run_id)
        Runs().update(
            run.template,
            run.run_id,
            lambda known: finish(known, report.state, at, report.message, report.error, ()),
        )
        self.going.discard(run.run_id)
        if report.state is RunState.SUCCEEDED and not before.state.is_final:
            self._publish_made(before)
        return Nothing()

    def _publish_made(self, run: RunRecord) -> None:
        tags = lineage_tags(run.template, run.cause.lineage if run.cause else ())
        for made in produced_definitions(parse_template(run.body)):
            self.publish(
                made.id.rsplit("/", 1)[1],
                f"1.0.{next(self.numbers)}",
                maker=run.template.key,
                lineage=lineage_of(tags),
                published=self.now,
            )
