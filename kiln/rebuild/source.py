"""Sources of templates, and the image definitions that they make, by keys that can be compared. Pure.

By these keys, events find the templates that follow a source; a version is no part of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from kiln.ids import region_name
from kiln.template.distributors import SharedImageDistributor
from kiln.template.sources import PlatformImageSource, SharedImageSource

if TYPE_CHECKING:
    from kiln.template.models import ImageTemplate

LATEST = "latest"


class MarketplaceImage(BaseModel):
    """A marketplace image in one region. Regions get a version at different times, so each is a source of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["marketplace"] = "marketplace"
    region: str
    publisher: str
    offer: str
    sku: str

    @property
    def key(self) -> str:
        """The key by which the source is found."""
        return f"marketplace/{region_name(self.region)}/{self.publisher}/{self.offer}/{self.sku}".lower()


class GalleryDefinition(BaseModel):
    """An image definition in a gallery, by its ARM id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["gallery"] = "gallery"
    id: str

    @property
    def key(self) -> str:
        """The key by which the source is found."""
        return f"gallery/{self.id.strip('/')}".lower()


Source = MarketplaceImage | GalleryDefinition


def source_of(template: ImageTemplate) -> MarketplaceImage | GalleryDefinition | None:
    """Return the template's source; None for a managed image, which has no versions."""
    source = template.properties.source
    match source:
        case PlatformImageSource():
            return MarketplaceImage(
                region=region_name(template.location), publisher=source.publisher, offer=source.offer, sku=source.sku
            )
        case SharedImageSource():
            return GalleryDefinition(id=source.definition_id)
        case _:
            return None


def source_key(template: ImageTemplate) -> str | None:
    """Return the key of the template's source, or None for a managed image."""
    source = source_of(template)
    return source.key if source else None


def followed_source(template: ImageTemplate) -> MarketplaceImage | GalleryDefinition | None:
    """Return the source whose new versions the template takes; None when it names a version."""
    source = template.properties.source
    if isinstance(source, PlatformImageSource | SharedImageSource) and source.version.lower() == LATEST:
        return source_of(template)
    return None


def named_version(template: ImageTemplate) -> str | None:
    """Return the exact version that the template names; None when it takes the latest, or its source has none."""
    source = template.properties.source
    if isinstance(source, PlatformImageSource | SharedImageSource) and source.version.lower() != LATEST:
        return source.version
    return None


def produced_definitions(template: ImageTemplate) -> tuple[GalleryDefinition, ...]:
    """Return the image definitions that the template makes versions of, each once."""
    found = {
        target.definition_id.lower(): GalleryDefinition(id=target.definition_id)
        for target in template.properties.distribute
        if isinstance(target, SharedImageDistributor)
    }
    return tuple(found.values())


def version_order(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, by which versions are ordered."""
    return tuple(int(part) if part.isascii() and part.isdigit() else 0 for part in version.split("."))
