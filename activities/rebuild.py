"""Rebuilds: the new version of a source image, the templates that follow it, and whether and when each is built."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from activities.adapter import implements
from kiln.cloud import gallery_versions, marketplace_versions
from kiln.config import config
from kiln.contracts.base import Nothing
from kiln.errors import SourceNotFound
from kiln.rebuild import claiming
from kiln.rebuild.contracts import (
    CLAIM_REBUILD,
    FREE_SLOT,
    LIST_DEPENDENTS,
    LOOK_UP_VERSION,
    Claim,
    ClaimRequest,
    DependentsRequest,
    DependentTriggers,
    SlotRequest,
    SourceVersion,
    VersionFacts,
)
from kiln.rebuild.dependents import Dependents
from kiln.rebuild.records import Rebuilds
from kiln.rebuild.source import GalleryDefinition

if TYPE_CHECKING:
    from kiln.rebuild.source import MarketplaceImage


@implements(LOOK_UP_VERSION)
def look_up_version(found: SourceVersion) -> VersionFacts:
    """Return what Azure knows of the version. An event may name a version that does not exist.

    Raises `SourceNotFound` for a version that the marketplace does not list: once the workflow has asked often enough,
    its instance fails, so that an event of the same version, which names the same instance, can still start it.
    """
    match found.source:
        case GalleryDefinition(id=image_id):
            return gallery_versions.version_facts(image_id, found.version)
        case source:
            _require_listed(source, found.version)
            return VersionFacts()


def _require_listed(source: MarketplaceImage, version: str) -> None:
    """Ask the marketplace once, through the subscription of a template that follows the image, if there is one."""
    dependent = next(Dependents().of(source.key), None)
    if dependent is None:
        return
    listed = marketplace_versions.versions(dependent.content.template.subscription, source)
    if version not in {seen.version for seen in listed}:
        raise SourceNotFound(f"An event told of version {version} of {source.key}; the marketplace does not list it.")


@implements(LIST_DEPENDENTS)
def list_dependents(request: DependentsRequest) -> DependentTriggers:
    """Return the triggers that follow the source, and note that their templates wait for the version."""
    now = datetime.fromisoformat(request.at)
    return DependentTriggers(triggers=claiming.expect(request.found, request.by, now))


@implements(CLAIM_REBUILD)
def claim_rebuild(request: ClaimRequest) -> Claim:
    """Decide whether the template is built now, later or not at all for the version; if now, make its run."""
    return claiming.claim(request.rebuild, datetime.fromisoformat(request.at), config().rebuild_concurrency)


@implements(FREE_SLOT)
def free_slot(request: SlotRequest) -> Nothing:
    """Free the slot of a run that is over."""
    Rebuilds().free_slot(request.run)
    return Nothing()
