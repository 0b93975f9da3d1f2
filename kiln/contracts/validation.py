"""Contracts of validation: test an image before it is distributed."""

from __future__ import annotations

from kiln.contracts.base import Activity, Message, Nothing, Operation, Orchestrator
from kiln.contracts.staging import StagedStorage
from kiln.ids import RunRef
from kiln.planner.plan import ValidationImageSpec, ValidationSpec


class ValidateRequest(Message):
    """Test an image: that of the machine whose ARM id is `machine`, or, without one, the template's source."""

    run: RunRef
    storage: StagedStorage
    validation: ValidationSpec
    machine: str | None = None


class ValidationImageRequest(Message):
    """Make the image for a validation machine from the machine whose ARM id is `machine`."""

    run: RunRef
    image: ValidationImageSpec
    machine: str


START_VALIDATION_GALLERY = Activity("start_validation_gallery", ValidationImageRequest, Operation)
START_VALIDATION_DEFINITION = Activity("start_validation_definition", ValidationImageRequest, Operation)
START_VALIDATION_VERSION = Activity("start_validation_version", ValidationImageRequest, Operation)
VALIDATE = Orchestrator("validate", ValidateRequest, Nothing)
