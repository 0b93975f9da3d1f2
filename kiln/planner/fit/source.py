"""Checks the source: whether an image can be built from it.

Rules: Microsoft's image-builder-overview, "Confidential VM and Trusted Launch Support".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiln.errors import ErrorDetail
from kiln.template.sources import ManagedImageSource, PlatformImageSource, SharedImageSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.planner.facts import SourceFacts
    from kiln.template.models import ImageTemplate

CODES: dict[type, str] = {
    PlatformImageSource: "BadPIRSource",
    ManagedImageSource: "BadManagedImageSource",
    SharedImageSource: "BadSharedImageVersionSource",
}
"""AIB's provisioning error code for what is wrong with a source, by its type."""


def source_misfits(template: ImageTemplate, source: SourceFacts) -> Iterator[ErrorDetail]:
    """Yield the problems of the source itself."""
    code = CODES[type(template.properties.source)]
    if source.security in {"TrustedLaunch", "ConfidentialVM"}:
        yield ErrorDetail(
            code=code,
            message=f"properties.source: the source image's security type is {source.security}, which can be given to "
            "machines but not generalized into another image.",
            target="properties.source",
            hint=f"Build from an image whose security type is {_supported(source.security)}, or from one without any.",
        )


def _supported(security: str) -> str:
    return "TrustedLaunchSupported" if security == "TrustedLaunch" else "ConfidentialVmSupported"
