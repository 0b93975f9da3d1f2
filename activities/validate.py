"""The image that is validated: recorded in the ledger, then made. Its machine and steps are any machine's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import implements
from kiln.cloud import validation_image
from kiln.contracts import START_VALIDATION_DEFINITION, START_VALIDATION_GALLERY, START_VALIDATION_VERSION
from kiln.runs.record import LedgerEntry
from kiln.runs.store import Ledgers

if TYPE_CHECKING:
    from kiln.messages import Operation, ValidationImageRequest


@implements(START_VALIDATION_GALLERY)
def start_validation_gallery(request: ValidationImageRequest) -> Operation:
    """Record the gallery, then start to make it."""
    entry = LedgerEntry(kind="gallery", id=validation_image.gallery_id(request.image), tier=2)
    Ledgers().record(request.run.template, request.run.run_id, entry)
    return validation_image.start_gallery(request.image)


@implements(START_VALIDATION_DEFINITION)
def start_validation_definition(request: ValidationImageRequest) -> Operation:
    """Record the image definition, then start to make it."""
    entry = LedgerEntry(kind="gallery-image", id=validation_image.definition_id(request.image), tier=1)
    Ledgers().record(request.run.template, request.run.run_id, entry)
    return validation_image.start_definition(request.image)


@implements(START_VALIDATION_VERSION)
def start_validation_version(request: ValidationImageRequest) -> Operation:
    """Record the version, then start to make it."""
    entry = LedgerEntry(kind="gallery-version", id=validation_image.version_id(request.image), tier=0)
    Ledgers().record(request.run.template, request.run.run_id, entry)
    return validation_image.start_version(request.image, request.machine)
