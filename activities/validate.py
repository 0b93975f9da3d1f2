"""The image that is validated: recorded in the ledger, then made. Its machine and steps are like any other's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from activities.adapter import implements
from activities.making import making
from kiln.cloud import validation_image
from kiln.contracts.validation import START_VALIDATION_DEFINITION, START_VALIDATION_GALLERY, START_VALIDATION_VERSION
from kiln.runs.ledger import EntryKind, LedgerEntry
from kiln.runs.tags import mark_in

if TYPE_CHECKING:
    from kiln.contracts.base import Operation
    from kiln.contracts.validation import ValidationImageRequest


@implements(START_VALIDATION_GALLERY)
def start_validation_gallery(request: ValidationImageRequest) -> Operation:
    """Record the gallery, then start to make it."""
    with making(request.run, _entry(request, "gallery", validation_image.gallery_id(request.image), 2)):
        return validation_image.start_gallery(request.image)


@implements(START_VALIDATION_DEFINITION)
def start_validation_definition(request: ValidationImageRequest) -> Operation:
    """Record the image definition, then start to make it."""
    with making(request.run, _entry(request, "gallery-image", validation_image.definition_id(request.image), 1)):
        return validation_image.start_definition(request.image)


@implements(START_VALIDATION_VERSION)
def start_validation_version(request: ValidationImageRequest) -> Operation:
    """Record the version, then start to make it."""
    with making(request.run, _entry(request, "gallery-version", validation_image.version_id(request.image), 0)):
        return validation_image.start_version(request.image, request.machine)


def _entry(request: ValidationImageRequest, kind: EntryKind, resource: str, tier: int) -> LedgerEntry:
    return LedgerEntry(kind=kind, id=resource, tier=tier, mark=mark_in(request.image.tags))
