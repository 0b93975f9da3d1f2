"""A build's plan as data: what the orchestrator walks, and what `kiln plan` prints.

It owns shapes only; make_plan.py fills them. It is stored in histories, so it holds no secret.
"""

from __future__ import annotations

from typing import Literal

from kiln.ids import RunRef
from kiln.planner.facts import Architecture, Generation, ImageReference, OperatingSystem, PurchasePlan, SecurityType
from kiln.planner.spec import Spec
from kiln.planner.staging import StagingSpec
from kiln.planner.steps import Step, StepSpec
from kiln.planner.targets import OriginSpec, Target
from kiln.runs.record import RunOutput


class DataDiskSpec(Spec):
    """A data disk of the machine: an empty one that is added, or (`from_image`) one of the source's own.

    The source's own (0 GB: as they are) are named as well: Azure would choose names for them and leave them behind.
    """

    name: str
    lun: int
    size_gb: int
    from_image: bool = False


class MachineSpec(Spec):
    """A machine, its network interface and its disks; they live as long as the run.

    `security_group_id` is given where the subnet is the template's own; `identities` are ARM ids.
    """

    subscription: str
    group: str
    location: str
    tags: dict[str, str]
    purpose: Literal["build", "validation"] = "build"
    name: str
    interface: str
    disk: str
    size: str
    disk_size_gb: int | None
    data_disks: tuple[DataDiskSpec, ...] = ()
    source: ImageReference
    plan: PurchasePlan | None = None
    os: OperatingSystem
    identities: tuple[str, ...] = ()
    subnet_id: str
    security_group_id: str | None = None
    ssh_public_key: str


class ValidationImageSpec(Spec):
    """The image that a validation machine is made from: a shallow version in a gallery of the staging group.

    It keeps generation, architecture and security type as they are, which a managed image could not.
    """

    subscription: str
    group: str
    location: str
    tags: dict[str, str]
    gallery: str
    definition: str
    version: str
    os: OperatingSystem
    generation: Generation
    architecture: Architecture
    security: SecurityType


class ValidationSpec(Spec):
    """How the image is tested. Without an `image` the machine is made from the template's source itself."""

    machine: MachineSpec
    image: ValidationImageSpec | None
    steps: tuple[StepSpec, ...]
    log_blob: str
    continue_on_failure: bool


class Plan(Spec):
    """All that a build will do. `timeout_minutes` covers every phase but clean-up.

    `machine`, `generalize` and `origin` are None where only the source is validated; `machine` and `generalize` also in
    a retry that has an earlier run's gallery version for its origin. `done` are that run's outputs, which are there
    already, if not in every region. `not_used` names what the template asks for and
    Kiln needs not, for the log.
    """

    run: RunRef
    staging: StagingSpec
    machine: MachineSpec | None
    steps: tuple[Step, ...]
    optimize: tuple[StepSpec, ...]
    generalize: StepSpec | None
    validation: ValidationSpec | None
    origin: OriginSpec | None
    targets: tuple[Target, ...]
    done: tuple[RunOutput, ...] = ()
    timeout_minutes: int
    keep_on_customizer_error: bool = False
    keep_on_validation_error: bool = False
    not_used: tuple[str, ...] = ()
