"""Kiln without a host: its orchestrators and its real activities in virtual time, against the local Azure in real time.

A wait of hours passes as fast as the local Azure answers; every instance is replayed from scratch at every step.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import azure.durable_functions as df
import httpx

import activities
import orchestrators
from devkit.host.testing import Flow, FlowRunner
from kiln.cloud import clients
from kiln.contracts.runs import BuildRequest
from kiln.contracts.templates import TemplateRequest
from kiln.ids import RunRef, SubmissionRef, TemplateId
from kiln.runs.naming import submit_instance
from kiln.runs.new_run import new_run
from kiln.runs.record import ProvisioningState, RunRecord, TemplateRecord
from kiln.runs.runs import Runs
from kiln.runs.templates import Templates
from kiln.runs.transitions import request_cancel

if TYPE_CHECKING:
    from collections.abc import Callable

    from devkit.host.testing import FlowResult
    from devkit.local.in_process import InProcessAzure

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images"
BUILDER = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder"
GALLERY = f"{GROUP}/providers/Microsoft.Compute/galleries/gallery"
LINUX = {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "latest"}
WINDOWS = {
    "type": "PlatformImage",
    "publisher": "MicrosoftWindowsServer",
    "offer": "WindowsServer",
    "sku": "2022-datacenter-g2",
    "version": "latest",
}


class Kiln:
    """One template of its own, submitted, built and deleted."""

    def __init__(
        self,
        azure: InProcessAzure,
        body: dict[str, Any],
        *,
        staging_group: str | None = None,
        activities: dict[str, Callable[[Any], Any]] | None = None,
    ) -> None:
        self.azure = azure
        self.suffix = uuid.uuid4().hex[:8]
        self.id = TemplateId(subscription=SUBSCRIPTION, group="rg-images", name=f"flow-{self.suffix}")
        self.activities = activities or real_activities()
        self.runner = FlowRunner(orchestrators=list(orchestrators.blueprints), activities=self.activities)
        now = datetime.now(UTC)
        record = TemplateRecord(
            id=self.id,
            body=body,
            created=now,
            changed=now,
            staging_group=staging_group or f"IT_rg-images_{self.id.name}_{self.suffix}",
            staging_given=staging_group is not None,
        )
        Templates().create(record)
        self.scripts: dict[str, list[str]] = {}
        """The scripts that ended in each machine, by its purpose: `build`, `validation`."""
        self.runner.on_activity("close_ledger", lambda _: self._read_scripts(), nth=None)

    @property
    def template(self) -> TemplateRecord:
        """The template as it is stored."""
        return Templates().require(self.id)

    def submit(self) -> FlowResult:
        """Run the submission of the template's present version to its end."""
        return self.submission().finish()

    def submission(self) -> Flow:
        """Start the submission of the template's present version."""
        reference = SubmissionRef(template=self.id, made=self.template.created, version=self.template.version)
        return self.runner.start(
            "submit_template", reference.model_dump(mode="json"), instance_id=submit_instance(self.template)
        )

    def put(self, body: dict[str, Any]) -> None:
        """Store a new version of the template."""
        self._change(lambda record: record.model_copy(update={"body": body, "version": record.version + 1}))

    def leave(self) -> None:
        """Mark the template as one that is being deleted."""
        self._change(lambda record: record.model_copy(update={"provisioning_state": ProvisioningState.DELETING}))

    def build(self, retry_of: RunRecord | None = None) -> RunRecord:
        """Run a build to its end; return its record."""
        run, flow = self.start_build(retry_of)
        assert flow.finish().status == "Completed"
        return self.run(run.run_id)

    def start_build(self, retry_of: RunRecord | None = None) -> tuple[RunRecord, Flow]:
        """Start a build."""
        run = new_run(
            self.template,
            datetime.now(UTC),
            uuid.uuid4().hex[:8],
            retry_of=retry_of.run_id if retry_of else None,
        )
        Runs().create(run)
        self._change(lambda record: record.model_copy(update={"run_id": run.run_id}))
        request = BuildRequest(run=RunRef(template=self.id, run_id=run.run_id))
        return run, self.runner.start("build_image", request.model_dump(mode="json"), instance_id=run.instance_id)

    def run(self, run_id: str) -> RunRecord:
        """Return a run as it is stored."""
        return Runs().require(self.id, run_id)

    def cancel_at(self, activity: str, nth: int = 1) -> None:
        """Cancel the build when an activity runs for the nth time."""
        self.runner.on_activity(activity, self._cancel, nth=nth)

    def cancel_run_at(self, activity: str, submission: Flow) -> None:
        """Cancel the run of autoRun, whose root is the submission, when an activity runs for the first time."""

        def cancel(_: Flow) -> None:
            run_id = self.template.run_id
            assert run_id is not None
            self._cancel(Flow(submission._world, self.run(run_id).instance_id))

        self.runner.on_activity(activity, cancel)

    def _cancel(self, flow: Flow) -> None:
        run_id = self.template.run_id
        assert run_id is not None
        Runs().update(self.id, run_id, request_cancel)
        flow.raise_event("cancel", {"by": "test"})

    def delete(self) -> FlowResult:
        """Delete the template, and run that to its end."""
        return self.deletion().finish()

    def deletion(self) -> Flow:
        """Start to delete the template."""
        self.leave()
        request = TemplateRequest(template=self.id, made=self.template.created)
        name = f"delete-{self.suffix}"
        return self.runner.start("delete_template", request.model_dump(mode="json"), instance_id=name)

    def resources(self, group: str | None = None) -> list[str]:
        """Return the types (lower case, sorted) of what the staging group, or another one, holds; itself left out."""
        found = httpx.get(f"{self.azure.http_url}/_local/resources", timeout=60).json()["resources"]
        prefix = f"{self._group(group)}/".lower()
        ids = [item["id"].lower() for item in found]
        return sorted("/".join(id_.split("/")[7::2]) for id_ in ids if id_.startswith(prefix))

    def fault(self, **rule: Any) -> None:
        """Let a request to the local Azure go wrong; see devkit/azure/faults.py."""
        self.azure.add_fault(**rule)

    def _read_scripts(self) -> None:
        machines = f"{self._group()}/providers/Microsoft.Compute/virtualMachines"
        for purpose, prefix in (("build", "kiln"), ("validation", "kiln-validate")):
            runs = self.azure.guests.runs(f"{machines}/{prefix}-{self.template.run_id}")
            self.scripts.setdefault(purpose, [run.script for run in runs])

    def _group(self, name: str | None = None) -> str:
        return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{name or self.template.staging_group}"

    def _change(self, change: Callable[[TemplateRecord], TemplateRecord]) -> None:
        assert Templates().update(self.id, change) is not None


STAGED = ["networksecuritygroups", "storageaccounts", "virtualnetworks", "virtualnetworks/subnets"]
"""The types of resources in a template's staging group while nothing is built."""


def real_activities() -> dict[str, Callable[[Any], Any]]:
    """Return every activity of the app, by name."""
    app = df.DFApp()
    for blueprint in activities.blueprints:
        app.register_functions(blueprint)
    return {found.get_function_name(): found.get_user_function() for found in app.get_functions()}


def template(source: dict[str, Any] = LINUX, **properties: Any) -> dict[str, Any]:
    """Return a template with one customizer and a gallery target, unless `properties` have others."""
    script = {"type": "Shell", "name": "hello", "inline": ["echo hello"]}
    return {
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {BUILDER: {}}},
        "properties": {"source": source, "customize": [script], "distribute": [gallery()], **properties},
    }


def gallery(*regions: str, name: str = "gallery", image: str = "base") -> dict[str, Any]:
    """Return a distributor to a seeded image definition, in its home region and more."""
    return {
        "type": "SharedImage",
        "runOutputName": name,
        "galleryImageId": f"{GALLERY}/images/{image}",
        "targetRegions": [{"name": region} for region in ("westeurope", *regions)],
    }


def managed_image(name: str, location: str = "westeurope") -> dict[str, Any]:
    """Return a distributor to a managed image in rg-images."""
    image_id = f"{GROUP}/providers/Microsoft.Compute/images/{name}"
    return {"type": "ManagedImage", "runOutputName": "image", "imageId": image_id, "location": location}


def put_disk(disk: str, tags: dict[str, str]) -> None:
    """Make an empty disk with these tags."""
    parts = disk.split("/")
    body: Any = {
        "location": "westeurope",
        "tags": tags,
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 1},
    }
    clients.compute(SUBSCRIPTION).disks.begin_create_or_update(
        parts[4], parts[-1], body, api_version=clients.DISKS
    ).result()
