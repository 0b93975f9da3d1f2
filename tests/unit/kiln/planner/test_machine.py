from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kiln.planner.facts import PurchasePlan, SourceFacts
from tests.unit.kiln.planner import samples

if TYPE_CHECKING:
    from kiln.planner.plan import MachineSpec


def machine(of: SourceFacts = samples.LINUX, **properties: Any) -> MachineSpec:
    return samples.machine_of(samples.plan(of, **properties))


@pytest.mark.parametrize(
    ("generation", "architecture", "size"),
    [("V1", "x64", "Standard_D2ds_v4"), ("V2", "x64", "Standard_D2ds_v4"), ("V2", "Arm64", "Standard_D2ps_v5")],
)
def test_the_default_size_suits_the_source(generation: str, architecture: str, size: str) -> None:
    source = samples.LINUX.model_copy(update={"generation": generation, "architecture": architecture})

    assert machine(source).size == size


def test_a_template_chooses_size_disk_and_identities() -> None:
    profile = {"vmSize": "Standard_D8s_v5", "osDiskSizeGB": 64, "userAssignedIdentities": [samples.IDENTITY]}
    made = machine(vmProfile=profile)

    assert (made.size, made.disk_size_gb, made.identities) == ("Standard_D8s_v5", 64, (samples.IDENTITY,))


def test_by_default_the_disk_is_as_large_as_the_source_and_there_is_no_identity() -> None:
    made = machine()

    assert made.disk_size_gb is None
    assert made.identities == ()


def test_added_disks_take_the_numbers_that_the_sources_own_leave_free() -> None:
    source = samples.LINUX.model_copy(update={"data_disk_luns": (0, 2)})
    disks = machine(source, additionalDataDisks=[{"sizeGB": 16}, {"sizeGB": 0}]).data_disks

    assert [(disk.lun, disk.size_gb, disk.from_image) for disk in disks] == [
        (0, 0, True),
        (2, 0, True),
        (1, 16, False),
        (3, 4, False),
    ]
    assert len({disk.name for disk in disks}) == 4


def test_the_validation_machine_gets_every_data_disk_from_the_image() -> None:
    source = samples.LINUX.model_copy(update={"data_disk_luns": (1,)})
    plan = samples.plan(source, additionalDataDisks=[{"sizeGB": 16}], validate={"inVMValidations": [samples.SHELL]})

    assert plan.validation is not None
    assert [(disk.lun, disk.from_image) for disk in plan.validation.machine.data_disks] == [(1, True), (0, True)]


def test_a_paid_image_is_bought_as_the_template_says_or_else_as_the_source_says() -> None:
    info = {"planName": "a", "planProduct": "b", "planPublisher": "c"}
    bought = PurchasePlan(name="x", product="y", publisher="z")
    source = samples.LINUX.model_copy(update={"plan": bought})

    assert machine(source).plan == bought
    assert machine(source, source={**samples.PLATFORM, "planInfo": info}).plan == PurchasePlan(
        name="a", product="b", publisher="c"
    )
