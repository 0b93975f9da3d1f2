"""A managed image that is replaced: there is always one whole image, whatever Azure refuses and whichever host dies."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from activities import clean_up, images
from kiln.cloud import clients, marks
from kiln.contracts.clean_up import CloseRequest, DeleteRequest
from kiln.contracts.images import ImageRequest
from kiln.errors import AzureFailed, ImageTaken, OnlyCopy
from kiln.ids import name_of, part_of
from kiln.planner.targets import ManagedImageTarget
from kiln.runs.ledger import LedgerEntry
from kiln.runs.ledgers import Ledgers
from tests.contract.kiln_cloud import arm
from tests.contract.kiln_cloud.building import done, plan_with, turned_off
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION
from tests.waiting import until

if TYPE_CHECKING:
    from devkit.local.in_process import InProcessAzure
    from kiln.ids import TemplateId

IMAGES = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/images"
REFUSED = {"status": 403, "code": "RequestDisallowedByPolicy", "message": "a policy"}


def asked(image_id: str, of: TemplateId | None = None) -> ImageRequest:
    """A run of a new template, or of this one, which is to make the image of a machine that is turned off."""
    image = {"type": "ManagedImage", "runOutputName": "image", "imageId": image_id, "location": "westeurope"}
    plan = turned_off(plan_with(of, distribute=[image]))
    target = plan.targets[0]
    assert isinstance(target, ManagedImageTarget)
    assert plan.origin is not None
    return ImageRequest(run=plan.run, origin=plan.origin, target=target)


def made() -> ImageRequest:
    """A run that has made an image."""
    request = asked(f"{IMAGES}/{uuid.uuid4().hex[:10]}")
    done(images.start_spare(request))
    done(images.start_image(request))
    return request


def again(first: ImageRequest) -> ImageRequest:
    """Another run of the same template."""
    return asked(first.target.image_id, first.run.template)


def maker(image_id: str) -> str | None:
    """Return the mark of the whole image under an id, or None."""
    entry = LedgerEntry(kind="image", id=image_id, tier=0)
    return marks.look(entry).tags.get("kilnMark") if marks.is_whole(entry) else None


def mark(request: ImageRequest) -> str:
    return request.target.tags["kilnMark"]


def clean(request: ImageRequest) -> list[str]:
    """Delete the entries of the run's ledger, in order; return those that are told to stay."""
    stays = []
    for entry in clean_up.close_ledger(CloseRequest(run=request.run)).entries:
        try:
            done(clean_up.start_delete(DeleteRequest(entry=entry)))
        except OnlyCopy as error:
            stays.append(error.detail.message)
    return stays


def test_where_nothing_is_replaced_no_spare_is_made() -> None:
    first = made()

    assert maker(first.target.image_id) == mark(first)
    assert maker(first.target.spare_id) is None


def test_an_image_that_azure_refuses_leaves_the_one_before_it(settings: InProcessAzure) -> None:
    first = made()
    second = again(first)

    with settings.faults({"method": "PUT", "path": "*-spare", **REFUSED}), pytest.raises(AzureFailed, match="a policy"):
        images.start_spare(second)

    assert clean_up.close_ledger(CloseRequest(run=second.run)).entries == ()
    assert maker(first.target.image_id) == mark(first)


def test_an_image_is_replaced_and_its_spare_goes() -> None:
    first = made()
    second = again(first)

    done(images.start_spare(second))
    assert (maker(first.target.image_id), maker(second.target.spare_id)) == (mark(first), mark(second))
    done(images.start_image(second))
    assert maker(first.target.image_id) == mark(second)

    Ledgers().keep(second.run.template, second.run.run_id, second.target.image_id)
    assert clean(second) == []
    assert maker(first.target.image_id) == mark(second)
    assert maker(second.target.spare_id) is None


def test_who_died_between_deletion_and_creation_is_asked_again_and_makes_it() -> None:
    first = made()
    second = again(first)
    done(images.start_spare(second))
    delete(first.target.image_id)  # as the host that died did

    done(images.start_image(second))

    assert maker(first.target.image_id) == mark(second)


def test_the_spare_stays_as_long_as_the_image_is_not_there_and_the_error_names_it(settings: InProcessAzure) -> None:
    first = made()
    second = again(first)
    done(images.start_spare(second))
    with (
        settings.faults({"method": "PUT", "path": first.target.image_id, **REFUSED}),
        pytest.raises(AzureFailed, match="a policy") as told,
    ):
        images.start_image(second)

    assert maker(first.target.image_id) is None
    assert second.target.spare_id in str(told.value.detail.hint)
    (stays,) = clean(second)
    assert f"{second.target.spare_id} is not deleted: it was to become {first.target.image_id}" in stays
    assert maker(second.target.spare_id) == mark(second)

    third = again(first)
    done(images.start_spare(third))
    done(images.start_image(third))
    assert clean(second) == []
    assert maker(second.target.spare_id) is None
    assert maker(first.target.image_id) == mark(third)


def test_the_spare_stays_when_somebody_else_has_taken_the_name_in_between() -> None:
    first = made()
    second = again(first)
    done(images.start_spare(second))
    delete(first.target.image_id)
    arm.managed_image(first.target.image_id, {"sourceVirtualMachine": {"id": second.origin.machine}}, owner="somebody")

    with pytest.raises(ImageTaken, match="this template did not make it"):
        images.start_image(second)

    (stays,) = clean(second)
    assert "which is somebody else's by now: Kiln did not make it" in stays
    assert maker(second.target.spare_id) == mark(second)


def test_a_run_that_is_canceled_once_it_has_replaced_the_image_leaves_the_spare() -> None:
    first = made()
    second = again(first)
    done(images.start_spare(second))
    done(images.start_image(second))

    assert len(clean(second)) == 1  # the image was no output yet, and so it was deleted
    assert maker(second.target.spare_id) == mark(second)


def test_an_image_of_another_template_is_never_replaced() -> None:
    first = made()
    other = asked(first.target.image_id)

    for activity in (images.start_spare, images.start_image):
        with pytest.raises(ImageTaken, match="this template did not make it"):
            activity(other)

    assert clean_up.close_ledger(CloseRequest(run=other.run)).entries == ()
    assert maker(first.target.image_id) == mark(first)


def test_of_two_templates_that_make_one_image_at_once_the_late_one_is_told_so(settings: InProcessAzure) -> None:
    first = asked(f"{IMAGES}/{uuid.uuid4().hex[:10]}")
    other = asked(first.target.image_id)
    with ThreadPoolExecutor(1) as pool:
        with settings.faults({"method": "PUT", "path": first.target.image_id, "blocked": True}):
            late = pool.submit(images.start_image, first)
            until(lambda: httpx.get(f"{settings.http_url}/_local/faults").json()[0]["fired"])
            done(images.start_image(other))
        with pytest.raises(ImageTaken):
            late.result()

    assert clean(first) == []
    assert maker(first.target.image_id) == mark(other)


def delete(image_id: str) -> None:
    compute = clients.compute(SUBSCRIPTION)
    compute.images.begin_delete(
        part_of(image_id, "resourceGroups"), name_of(image_id), api_version=clients.COMPUTE, **arm.SOON
    ).result()
