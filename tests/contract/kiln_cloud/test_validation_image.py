from __future__ import annotations

from kiln.cloud import clients, machines, validation_image
from kiln.planner.plan import ValidationImageSpec
from tests.contract.kiln_cloud.building import done, machine_of, plan_with, start_machine, turned_off
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

SHELL = {"type": "Shell", "name": "test", "inline": ["true"]}


def test_a_machine_is_made_of_the_image_that_was_made_of_the_machine() -> None:
    plan = turned_off(plan_with(validate={"inVMValidations": [SHELL]}))
    assert plan.validation is not None
    image = plan.validation.image
    assert isinstance(image, ValidationImageSpec)

    for started in (
        validation_image.start_gallery(image),
        validation_image.start_definition(image),
        validation_image.start_version(image, machines.machine_id(machine_of(plan))),
    ):
        done(started)
    start_machine(plan.validation.machine)

    found = clients.compute(SUBSCRIPTION).virtual_machines.get(
        image.group, plan.validation.machine.name, api_version=clients.COMPUTE
    )
    assert found.storage_profile is not None
    assert found.storage_profile.image_reference is not None
    assert str(found.storage_profile.image_reference.id).lower() == validation_image.version_id(image).lower()
