"""The build machine and the validation machine in a plan, with their disks, identities and network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from kiln.ids import resource_id
from kiln.planner import names
from kiln.planner.facts import PurchasePlan
from kiln.planner.plan import DataDiskSpec, MachineSpec
from kiln.template.sources import PlatformImageSource

if TYPE_CHECKING:
    from kiln.planner.facts import ImageReference, SourceFacts
    from kiln.planner.staging import NetworkSpec, StagingSpec
    from kiln.template.models import ImageTemplate

X64_SIZE = "Standard_D2ds_v4"
"""Size of an x64 machine: AIB's default for generation 2, here for both generations.

Its default for generation 1, Standard_D1_v2, has one processor and 3.5 GiB: too little for Windows updates, and a cause
of races in sysprep (Microsoft's image-builder-troubleshoot).
"""

ARM_SIZE = "Standard_D2ps_v5"
"""Size of an Arm64 machine, for which AIB documents no default: the same two processors and 8 GiB."""

SMALLEST_DATA_DISK = 4
"""GB of a data disk whose sizeGB is 0: Azure's smallest Standard SSD (E1)."""


def build_machine(
    template: ImageTemplate, run_id: str, staging: StagingSpec, tags: dict[str, str], source: SourceFacts
) -> MachineSpec:
    """Return the build machine, which is customized and captured."""
    name = names.machine(run_id)
    return _machine(template, run_id, staging, tags, source, name, "build").model_copy(
        update={
            "disk_size_gb": template.properties.vm_profile.os_disk_size_gb or None,
            "data_disks": (*_own_disks(name, source.data_disk_luns), *_added_disks(template, name, source)),
        }
    )


def validation_machine(
    template: ImageTemplate,
    run_id: str,
    staging: StagingSpec,
    tags: dict[str, str],
    source: SourceFacts,
    image: ImageReference | None,
) -> MachineSpec:
    """Return the validation machine, made from `image`, or without one from the source itself."""
    name = names.validation_machine(run_id)
    machine = _machine(template, run_id, staging, tags, source, name, "validation")
    luns = source.data_disk_luns if image is None else (*source.data_disk_luns, *_added_luns(template, source))
    return machine.model_copy(update={"source": image or source.reference, "data_disks": _own_disks(name, luns)})


def machine_id(machine: MachineSpec) -> str:
    """Return a machine's ARM id."""
    return resource_id(machine.subscription, machine.group, "Microsoft.Compute/virtualMachines", machine.name)


def disk_id(machine: MachineSpec, name: str | None = None) -> str:
    """Return the ARM id of a machine's disk of that name, by default of its OS disk."""
    return resource_id(machine.subscription, machine.group, "Microsoft.Compute/disks", name or machine.disk)


def _machine(
    template: ImageTemplate,
    run_id: str,
    staging: StagingSpec,
    tags: dict[str, str],
    source: SourceFacts,
    name: str,
    purpose: Literal["build", "validation"],
) -> MachineSpec:
    profile, network = template.properties.vm_profile, staging.network
    return MachineSpec(
        subscription=staging.group.subscription,
        group=staging.group.name,
        location=staging.group.location,
        tags=tags,
        purpose=purpose,
        name=name,
        interface=f"{name}-nic",
        disk=f"{name}-os",
        size=machine_size(template, source),
        disk_size_gb=None,
        source=source.reference,
        plan=_purchase_plan(template) or source.plan,
        os=source.os,
        identities=profile.user_assigned_identities,
        subnet_id=network.subnet_id,
        security_group_id=_security_group(network) if network.network is None else None,
        ssh_public_key=names.unusable_ssh_key(run_id),
    )


def machine_size(template: ImageTemplate, source: SourceFacts) -> str:
    """Return the size of the build and validation machines: the template's, or else Kiln's default for the source."""
    return template.properties.vm_profile.vm_size or (ARM_SIZE if source.architecture == "Arm64" else X64_SIZE)


def _purchase_plan(template: ImageTemplate) -> PurchasePlan | None:
    source = template.properties.source
    if not isinstance(source, PlatformImageSource) or source.plan_info is None:
        return None
    paid = source.plan_info
    return PurchasePlan(name=paid.plan_name, product=paid.plan_product, publisher=paid.plan_publisher)


def _security_group(network: NetworkSpec) -> str:
    kind = "Microsoft.Network/networkSecurityGroups"
    return resource_id(network.subscription, network.group, kind, network.security_group)


def _own_disks(machine: str, luns: tuple[int, ...]) -> tuple[DataDiskSpec, ...]:
    return tuple(DataDiskSpec(name=_disk_name(machine, lun), lun=lun, size_gb=0, from_image=True) for lun in luns)


def _added_disks(template: ImageTemplate, machine: str, source: SourceFacts) -> tuple[DataDiskSpec, ...]:
    sizes = (disk.size_gb or SMALLEST_DATA_DISK for disk in template.properties.additional_data_disks)
    return tuple(
        DataDiskSpec(name=_disk_name(machine, lun), lun=lun, size_gb=size)
        for lun, size in zip(_added_luns(template, source), sizes, strict=True)
    )


def _added_luns(template: ImageTemplate, source: SourceFacts) -> tuple[int, ...]:
    """Return the lowest logical unit numbers that the source's own data disks leave free."""
    count = len(template.properties.additional_data_disks)
    taken = set(source.data_disk_luns)
    free = (lun for lun in range(count + len(taken)) if lun not in taken)
    return tuple(lun for lun, _ in zip(free, range(count), strict=False))


def _disk_name(machine: str, lun: int) -> str:
    return f"{machine}-data-{lun:02d}"
