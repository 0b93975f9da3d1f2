"""Plans of small templates, and machines made as the phases before a step make them.

It owns the beginnings that many tests here need; it must not know what is asserted after them.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kiln.cloud import commands, facts, gallery, groups, machines, operations, staging
from kiln.contracts.machines import ScriptRequest
from kiln.ids import RunRef, TemplateId
from kiln.planner.facts import Facts
from kiln.planner.make_plan import gallery_image_ids, make_plan
from kiln.planner.steps import StepSpec
from kiln.plans import Plans
from kiln.runs.record import RunRecord
from kiln.runs.runs import Runs
from kiln.template.parse import parse_template
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION
from tests.waiting import until

if TYPE_CHECKING:
    from kiln.contracts.base import Operation
    from kiln.contracts.machines import StepStarted
    from kiln.contracts.staging import StagedStorage
    from kiln.planner.plan import MachineSpec, Plan, WholePlan

REGION = "westeurope"
DEBIAN = {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "latest"}
WINDOWS = {
    "type": "PlatformImage",
    "publisher": "MicrosoftWindowsServer",
    "offer": "WindowsServer",
    "sku": "2022-datacenter-g2",
    "version": "latest",
}
VHD = {"type": "VHD", "runOutputName": "vhd"}


def body_with(**properties: Any) -> dict[str, Any]:
    """Return a template's body; by default a VHD of Debian."""
    given = {"source": DEBIAN, "distribute": [VHD], **properties}
    return {"location": REGION, "identity": {"type": "None"}, "properties": given}


def plan_with(of: TemplateId | None = None, **properties: Any) -> WholePlan:
    """Return the plan of a run of a template with these properties, with the facts that the local Azure has.

    The run's record and its plan are stored. Its template is a new one, unless it is to be another run `of` one.
    """
    name = uuid.uuid4().hex[:10]
    body = body_with(**properties)
    template = parse_template(body)
    run = RunRef(template=of or TemplateId(subscription=SUBSCRIPTION, group="rg-images", name=name), run_id=name)
    record = RunRecord(
        run_id=name, instance_id=name, template=run.template, body=body, version=1, requested=datetime.now(UTC)
    )
    Runs().create(record)
    definitions = {image_id: gallery.definition(image_id) for image_id in gallery_image_ids(template)}
    plan = make_plan(
        template,
        run=run,
        version=1,
        made=None,
        staging_group=f"rg-building-{name}",
        staging_given=False,
        facts=Facts(source=facts.source_facts(SUBSCRIPTION, template), definitions=definitions),
    )
    return Plans().made_once(run, lambda: plan)


def machine_of(plan: Plan) -> MachineSpec:
    """Return the plan's build machine."""
    assert plan.machine is not None
    return plan.machine


def stage(plan: Plan) -> StagedStorage:
    """Make everything that the plan's machines stand on."""
    groups.create(plan.staging.group)
    staging.start_security_group(plan.staging.network)
    staging.start_network(plan.staging.network)
    staging.start_storage(plan.staging.storage)
    return staging.create_containers(plan.staging.storage)


def start_machine(machine: MachineSpec) -> None:
    """Make a machine and wait until it runs."""
    machines.start_interface(machine)
    machines.start_machine(machine)
    until(lambda: machines.power_state(machine) == "running")


def first_step(plan: Plan) -> ScriptRequest:
    """Make everything that the plan's first script needs, and return the request for it."""
    storage = stage(plan)
    start_machine(machine_of(plan))
    step = plan.steps[0]
    assert isinstance(step, StepSpec)
    return ScriptRequest(run=plan.run, machine=machine_of(plan).ref, storage=storage, step=step)


def start_step(request: ScriptRequest) -> StepStarted:
    """Start the script, whose text is in the run's plan."""
    return commands.start_step(request, Plans().require(request.run))


def script_of(request: ScriptRequest) -> bytes:
    """Return the text that the request's step runs."""
    return Plans().require(request.run).script(request.step).encode()


def done(operation: Operation) -> None:
    """Wait until an operation of Azure is over."""
    until(lambda: operations.check(operation).done)


def turned_off(plan: Plan) -> Plan:
    """Make the plan's machine and generalize it; return the plan."""
    stage(plan)
    machine = machine_of(plan)
    start_machine(machine)
    machines.start_deallocate(machine)
    until(lambda: machines.power_state(machine) == "deallocated")
    machines.mark_generalized(machine)
    return plan
