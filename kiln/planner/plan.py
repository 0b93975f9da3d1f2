"""A build's plan as data: orchestrators follow it, and `kiln plan` prints it.

This module has the shapes only; make_plan.py fills them. They are stored in histories, so they hold no secret.
"""

from __future__ import annotations

from typing import Literal

from kiln.ids import RunRef
from kiln.planner.facts import (
    Architecture,
    Generation,
    ImageReference,
    OperatingSystem,
    PurchasePlan,
    SecurityType,
    Spec,
)
from kiln.planner.staging import StagingSpec
from kiln.planner.steps import Step, StepSpec
from kiln.planner.targets import OriginSpec, Target
from kiln.runs.record import RunOutput


class DataDiskSpec(Spec):
    """A data disk of the machine: an empty one that is added, or (`from_image`) one of the source's own.

    The source's own disks (0 GB: of their own size) have names, too: otherwise Azure would choose names, and leave the
    disks behind.
    """

    name: str
    lun: int
    size_gb: int
    from_image: bool = False


class MachineRef(Spec):
    """A machine that exists: its place in Azure, its purpose, its operating system."""

    subscription: str
    group: str
    name: str
    purpose: Literal["build", "validation"] = "build"
    os: OperatingSystem


class MachineSpec(MachineRef):
    """A machine that is to be made, with its network interface and its disks; they live as long as the run.

    `security_group_id` is given where the subnet is the template's own; `identities` are ARM ids.
    """

    location: str
    tags: dict[str, str]
    interface: str
    disk: str
    size: str
    disk_size_gb: int | None
    data_disks: tuple[DataDiskSpec, ...] = ()
    source: ImageReference
    plan: PurchasePlan | None = None
    identities: tuple[str, ...] = ()
    subnet_id: str
    security_group_id: str | None = None
    ssh_public_key: str

    @property
    def ref(self) -> MachineRef:
        """The reference to the machine, for work that is done in it."""
        return MachineRef(**{name: getattr(self, name) for name in MachineRef.model_fields})


class ValidationImageSpec(Spec):
    """The image that a validation machine is made from: a shallow version in a gallery of the staging group.

    It keeps generation, architecture, security type and disk controllers as they are, which a managed image could not.
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
    controllers: tuple[str, ...] = ("SCSI",)


class ValidationSpec(Spec):
    """The validation of the image. Without an `image` the machine is made from the template's source itself."""

    machine: MachineSpec
    image: ValidationImageSpec | None
    steps: tuple[StepSpec, ...]
    log_blob: str
    continue_on_failure: bool


class Plan(Spec):
    """Everything that a build will do. `timeout_minutes` covers every phase but clean-up.

    `machine`, `generalize` and `origin` are None where only the source is validated; `machine` and `generalize` also in
    a retry that has an earlier run's gallery version for its origin. `done` are that run's outputs, which exist
    already, though perhaps not in every region. `not_used` has a sentence for the log for each property of the template
    that the build does not use.
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


class WholePlan(Plan):
    """A plan with the scripts of its steps, by a step's key, and the version of the source that it is for.

    It is stored once for each run, for activities to read; no message carries it.
    """

    source_version: str
    scripts: dict[str, str]

    def script(self, step: StepSpec) -> str:
        """Return the script of a step, or of a repetition of it."""
        return self.scripts[step.base_key]

    def machine_of(self, ref: MachineRef) -> MachineSpec:
        """Return the spec from which a machine was made. Raises `LookupError` for one that is not in the plan."""
        machines = (self.machine, self.validation.machine if self.validation else None)
        for machine in machines:
            if machine is not None and machine.name == ref.name:
                return machine
        raise LookupError(f"the plan of run {self.run.run_id} has no machine {ref.name}")

    def without_scripts(self) -> Plan:
        """Return the plan without scripts, for the workflows."""
        return Plan(**{name: getattr(self, name) for name in Plan.model_fields})
