"""Managed images and VHDs that two templates name: the second is refused before it builds, with the first's name."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from activities import plan as plans
from kiln.errors import ImageTaken, VhdTaken
from kiln.runs.documents import documents
from kiln.runs.reservations import Reservation, image_path
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import plan_with, turned_off
from tests.contract.kiln_cloud.test_managed_images import image_to
from tests.contract.kiln_cloud.test_versions import end, running
from tests.contract.kiln_cloud.vhds import new_container

if TYPE_CHECKING:
    from typing import Any

pytestmark = pytest.mark.usefixtures("settings")


def vhd(uri: str) -> dict[str, Any]:
    return {"type": "VHD", "runOutputName": "vhd", "uri": uri}


def test_a_managed_image_is_one_run_s_until_that_is_over() -> None:
    target = image_to()
    shouted = {**target, "imageId": target["imageId"].upper()}
    first, second = running(distribute=[target]), running(distribute=[shouted])
    plans.make_plan(first)

    with pytest.raises(ImageTaken, match=f"is being made by run {first.run_id} of {first.template.arm}"):
        plans.make_plan(second)
    plans.make_plan(first)  # an activity may run twice

    end(first)
    plans.make_plan(second)


def test_a_named_vhd_is_one_run_s_until_that_is_over() -> None:
    uri = f"{new_container().url}/golden{uuid.uuid4().hex[:6]}.vhd"
    first, second = running(distribute=[vhd(uri)]), running(distribute=[vhd(uri)])
    plans.make_plan(first)

    with pytest.raises(VhdTaken, match=f"is being made by run {first.run_id} of {first.template.arm}"):
        plans.make_plan(second)

    end(first)
    plans.make_plan(second)


def test_runs_that_put_vhds_into_one_container_are_in_nobody_s_way() -> None:
    container = new_container().url
    for _ in range(2):
        plans.make_plan(running(distribute=[vhd(container)]))


def test_who_must_not_replace_an_image_does_not_keep_it_from_its_maker() -> None:
    machine = turned_off(plan_with(distribute=[image_to()])).origin
    assert machine is not None
    target = image_to()
    arm.managed_image(target["imageId"], {"sourceVirtualMachine": {"id": machine.machine}}, owner="somebody")

    with pytest.raises(ImageTaken, match="this template did not make it"):
        plans.make_plan(running(distribute=[target]))

    assert documents().get(image_path(target["imageId"]), Reservation) is None
