"""Marketplace images: which version `latest` means today, and whether a named one exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.errors import AzureNotFound, SourceNotFound

if TYPE_CHECKING:
    from kiln.template.models import PlatformImageSource

LATEST = "latest"


def resolve_version(subscription: str, location: str, source: PlatformImageSource) -> str:
    """Return the exact version of `source` in `location`.

    Raises `SourceNotFound` that names what there is. Versions are compared as numbers: Azure sorts them as text.
    """
    versions = _versions(subscription, location, source)
    urn = f"{source.publisher}:{source.offer}:{source.sku}"
    if not versions:
        raise SourceNotFound(
            f"The marketplace image {urn} has no version in {location}.",
            target="properties.source",
            hint="Check publisher, offer and sku with: az vm image list --all --publisher ... --offer ...",
        )
    if source.version.lower() == LATEST:
        return versions[-1]
    if source.version not in versions:
        raise SourceNotFound(
            f"The marketplace image {urn} has no version {source.version} in {location}.",
            target="properties.source.version",
            hint=f"Its newest versions are {', '.join(versions[-3:])}.",
        )
    return source.version


def _versions(subscription: str, location: str, source: PlatformImageSource) -> list[str]:
    """Return the image's versions, oldest first; none when publisher, offer or sku do not exist."""
    try:
        with azure("list the versions of the source image"):
            images = clients.compute(subscription).virtual_machine_images.list(
                location, source.publisher, source.offer, source.sku, api_version=clients.COMPUTE
            )
            return sorted((str(image.name) for image in images), key=_as_numbers)
    except AzureNotFound:
        return []


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))
