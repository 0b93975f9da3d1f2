"""The image is tested in a machine that is made from it, or, if the template says so, from its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts import (
    START_VALIDATION_DEFINITION,
    START_VALIDATION_GALLERY,
    START_VALIDATION_VERSION,
    VALIDATE,
    StagedRun,
)
from kiln.errors import InternalFailure
from kiln.messages import Nothing, ValidationImageRequest
from kiln.runs.record import Phase
from orchestrators.capture import PUBLISH_LIMIT
from orchestrators.flow import Flow, orchestrator
from orchestrators.provision import provision
from orchestrators.walk import walk

if TYPE_CHECKING:
    from kiln.planner.plan import ValidationImageSpec, ValidationSpec
    from orchestrators.flow import Steps


@orchestrator(VALIDATE)
def validate(flow: Flow, request: StagedRun) -> Steps[Nothing]:
    """Make a machine of the image and run every validator in it. Raises `ValidatorFailed` at the first that fails.

    The machine is left to clean-up: nothing waits for its end.
    """
    run, validation = request.plan.run, _validation(request)
    if validation.image is not None:
        yield from flow.enter(run, Phase.VALIDATE, "an image to test")
        yield from _make_image(flow, request, validation.image)
    yield from flow.enter(run, Phase.VALIDATE, "a machine to test it in")
    yield from provision(flow, run, validation.machine)
    storage = request.storage.model_copy(update={"log_blob": validation.log_blob})
    yield from walk(flow, Phase.VALIDATE, run=run, machine=validation.machine, storage=storage, steps=validation.steps)
    return Nothing()


def _make_image(flow: Flow, request: StagedRun, image: ValidationImageSpec) -> Steps[None]:
    plan = request.plan
    if plan.origin is None or plan.origin.machine is None:
        raise InternalFailure(f"The plan of run {plan.run.run_id} tests an image that it does not build.")
    asked = ValidationImageRequest(run=plan.run, image=image, machine=plan.origin.machine)
    yield from flow.complete(START_VALIDATION_GALLERY, asked, owner=plan.run)
    yield from flow.complete(START_VALIDATION_DEFINITION, asked, owner=plan.run)
    yield from flow.complete(START_VALIDATION_VERSION, asked, owner=plan.run, within=PUBLISH_LIMIT)


def _validation(request: StagedRun) -> ValidationSpec:
    if request.plan.validation is None:
        raise InternalFailure(f"The plan of run {request.plan.run.run_id} tests nothing.")
    return request.plan.validation
