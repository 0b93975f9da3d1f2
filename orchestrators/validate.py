"""Validation of the image in a machine that is made from it, or, if the template says so, from its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.contracts.base import Nothing
from kiln.contracts.machines import StepsRequest
from kiln.contracts.validation import (
    START_VALIDATION_DEFINITION,
    START_VALIDATION_GALLERY,
    START_VALIDATION_VERSION,
    VALIDATE,
    ValidationImageRequest,
)
from kiln.errors import InternalFailure
from kiln.runs.record import Phase
from orchestrators.capture import PUBLISH_LIMIT
from orchestrators.flow import Flow, orchestrator
from orchestrators.machines import provision, run_steps
from orchestrators.waits import complete

if TYPE_CHECKING:
    from kiln.contracts.validation import ValidateRequest
    from kiln.planner.plan import ValidationImageSpec
    from orchestrators.flow import Steps


@orchestrator(VALIDATE)
def validate(flow: Flow, request: ValidateRequest) -> Steps[Nothing]:
    """Make a machine of the image and run every validator in it. Raises `ValidatorFailed` at the first that fails.

    The machine is left to clean-up: nothing waits for its end.
    """
    run, validation = request.run, request.validation
    if validation.image is not None:
        yield from flow.enter(run, Phase.VALIDATE, "an image to test")
        yield from _make_image(flow, request, validation.image)
    yield from flow.enter(run, Phase.VALIDATE, "a machine to test it in")
    yield from provision(flow, run, validation.machine)
    storage = request.storage.model_copy(update={"log_blob": validation.log_blob})
    machine = validation.machine.ref
    steps = StepsRequest(run=run, machine=machine, storage=storage, steps=validation.steps)
    yield from run_steps(flow, Phase.VALIDATE, steps)
    return Nothing()


def _make_image(flow: Flow, request: ValidateRequest, image: ValidationImageSpec) -> Steps[None]:
    if request.machine is None:
        raise InternalFailure(f"The plan of run {request.run.run_id} tests an image that it does not build.")
    asked = ValidationImageRequest(run=request.run, image=image, machine=request.machine)
    yield from complete(flow, START_VALIDATION_GALLERY, asked, owner=request.run)
    yield from complete(flow, START_VALIDATION_DEFINITION, asked, owner=request.run)
    yield from complete(flow, START_VALIDATION_VERSION, asked, owner=request.run, within=PUBLISH_LIMIT)
