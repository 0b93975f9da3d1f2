"""Orchestrations that ask for a run in an activity, and start its build as a child: a submission, and a rebuild."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from azure.durable_functions import OrchestrationRuntimeStatus as Status

from activities.rebuild import claim_rebuild, free_slot
from activities.submission import begin_automatic_run
from kiln.contracts.templates import SubmissionReport
from kiln.ids import RunRef, SubmissionRef
from kiln.rebuild.contracts import (
    ClaimRequest,
    DependentTrigger,
    RebuildRequest,
    SlotRequest,
    SourceVersion,
    VersionFacts,
)
from kiln.rebuild.index import enter_trigger
from kiln.rebuild.source import MarketplaceImage
from kiln.runs.naming import submit_instance
from tests.faults.begin_askers import Asker
from tests.faults.begin_world import Died

if TYPE_CHECKING:
    from kiln.rebuild.contracts import Claim
    from kiln.runs.record import RunRecord
    from tests.faults.begin_world import World


class Parent(Asker):
    """An orchestration that begins a run in an activity, and starts its build as a child of its own.

    An activity whose host died is run again, by another host, until it has a result; then the orchestration goes on.
    """

    starter: str
    done = False

    @abstractmethod
    def activity(self) -> tuple[str | None, bool]:
        """Run the activity: the build to start, if any, and whether to ask again later."""

    def is_done(self) -> bool:
        """Whether the orchestration has its result."""
        return self.done

    def ask(self) -> None:
        """Run the activity, and start the build that it names."""
        if self.done:
            return
        instance, later = self.activity()
        if later or self.is_done():
            return  # it ran twice at once, and the orchestration has the other result
        self.done = True
        if instance is not None:
            self.world.hub.start_child(instance)

    def again(self, at: datetime) -> None:  # noqa: ARG002 - its times are in its own requests
        """Run it again until there is a result; the orchestration is over once its build is."""
        with contextlib.suppress(Died):
            self.ask()
        if self.done and all(run.state.is_final for run in self.world.runs):
            self.world.hub.instances[self.starter] = Status.Completed


class AutoRun(Parent):
    """The submission of a template whose autoRun is on."""

    name, auto_run = "autoRun", True

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.starter = submit_instance(world.template)
        world.hub.instances[self.starter] = Status.Running
        submission = SubmissionRef(template=world.id, made=world.template.created, version=world.template.version)
        self._report = SubmissionReport(submission=submission, at=world.began.isoformat(), error=None)

    def activity(self) -> tuple[str | None, bool]:
        """Ask for the template's own first run."""
        begun = begin_automatic_run(self._report)
        return begun.instance_id, begun.busy

    def owns(self, run: RunRecord) -> bool:
        """Whether the submission started it."""
        return run.starter == self.starter


class Rebuild(Parent):
    """A new version of the source that a SourceImage trigger follows."""

    name = "rebuild"
    starter = "rebuild-1:0"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        made = world.api("PUT", f"{world.id.arm}/triggers/base", {"properties": {"kind": "SourceImage"}})
        assert made.status == 201, made.body
        enter_trigger(world.template, "base", world.began)
        world.hub.instances[self.starter] = Status.Running
        debian = MarketplaceImage(region="westeurope", publisher="Debian", offer="debian-12", sku="12-gen2")
        self._asked = RebuildRequest(
            found=SourceVersion(source=debian, version="1.2.3", event="e1", at=world.began.isoformat()),
            facts=VersionFacts(),
            target=DependentTrigger(template=world.id, made=world.template.created, trigger="base"),
            by=self.starter,
        )

    def activity(self) -> tuple[str | None, bool]:
        """Claim the version."""
        at = datetime.now(UTC) + timedelta(hours=1)
        claim: Claim = claim_rebuild(ClaimRequest(rebuild=self._asked, at=at.isoformat()))
        return claim.instance_id, claim.decision == "wait"

    def again(self, at: datetime) -> None:
        """Free the build's slot in the end."""
        super().again(at)
        for run in self.world.runs:
            if self.done and self.owns(run) and run.state.is_final:
                free_slot(SlotRequest(run=RunRef(template=run.template, run_id=run.run_id)))

    def owns(self, run: RunRecord) -> bool:
        """Whether it is a build for the version."""
        return run.cause is not None and run.cause.source_version == "1.2.3"
