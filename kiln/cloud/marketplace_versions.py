"""All versions of a marketplace image with their deprecation, by a single call, for the watcher.

Az.Compute's Get-AzVMImage uses `$expand=properties/imageDeprecationStatus` for this. The SDK's model of the list has
no field for the status, so it is read as JSON ("Deprecated Azure Marketplace images").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients
from kiln.cloud.failures import azure
from kiln.errors import AzureNotFound
from kiln.rebuild.new_versions import Deprecation, SeenVersion

if TYPE_CHECKING:
    from kiln.rebuild.source import MarketplaceImage

EXPAND = "properties/imageDeprecationStatus"
ENDING = "ScheduledForDeprecation"
LITTLE: dict[str, Any] = {"retry_total": 1, "retry_backoff_max": 2, "connection_timeout": 5, "read_timeout": 20}
"""Few tries and short timeouts, in seconds, for azure-core's RetryPolicy and RequestsTransport: the next round of the
watcher asks again."""


def versions(subscription: str, source: MarketplaceImage) -> tuple[SeenVersion, ...]:
    """Return the image's versions in its region; none when publisher, offer or sku do not exist there."""
    try:
        with azure("list the versions of the source image"):
            listed = clients.compute(subscription).virtual_machine_images.list(
                source.region,
                source.publisher,
                source.offer,
                source.sku,
                expand=EXPAND,
                api_version=clients.COMPUTE,
                **LITTLE,
            )
    except AzureNotFound:
        return ()
    return tuple(SeenVersion(version=str(image.name), deprecation=_deprecation(image)) for image in listed)


def _deprecation(image: Any) -> Deprecation | None:
    status = (image.get("properties") or {}).get("imageDeprecationStatus") or {}
    if status.get("imageState") != ENDING:
        return None
    alternative = status.get("alternativeOption") or {}
    kind = alternative.get("type")
    return Deprecation(
        scheduled=status.get("scheduledDeprecationTime"),
        alternative_kind=None if kind in {None, "None"} else kind,
        alternative=alternative.get("value"),
    )
