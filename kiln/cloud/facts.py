"""The facts of a template's source, as Azure knows them: its exact version, and what it is made of.

It chooses the module for a kind of source; each of these owns the rules of its kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from kiln.cloud import gallery_source, managed_image_source, marketplace
from kiln.ids import region_name
from kiln.template.sources import ManagedImageSource, PlatformImageSource, SharedImageSource

if TYPE_CHECKING:
    from kiln.planner.facts import SourceFacts
    from kiln.template.models import ImageTemplate


def source_facts(subscription: str, template: ImageTemplate, exact: str | None = None) -> SourceFacts:
    """Return the facts of the template's source; `subscription` is the template's.

    With `exact`, for a retry, they are those of that version, whatever version the template names. Raises
    `SourceNotFound`, with AIB's provisioning error code among its details.
    """
    source, location = template.properties.source, region_name(template.location)
    match source:
        case PlatformImageSource():
            return marketplace.source_facts(subscription, location, source, exact)
        case ManagedImageSource():
            return managed_image_source.source_facts(subscription, location, source)
        case SharedImageSource():
            return gallery_source.source_facts(location, source, exact)
        case _:
            assert_never(source)
