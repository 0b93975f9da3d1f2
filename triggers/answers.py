"""Templates as an api-version shows them: properties that are newer than it are left out.

It owns that alone; a resource's shape belongs to kiln.runs.resources, its properties to the template's models.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from kiln.runs.resources import template_resource
from kiln.template.base import Since
from kiln.template.models import ImageTemplate
from kiln.template.shape import root, walk

if TYPE_CHECKING:
    from kiln.runs.record import RunRecord, TemplateRecord
    from kiln.template.shape import Path, Place

STAGING_SHOWN_SINCE = "2022-02-14"
"""The first api-version with exactStagingResourceGroup (Microsoft's API definitions)."""
EXACT_VERSION_SINCE = {"PlatformImage": "2021-10-01", "SharedImageVersion": "2022-07-01"}
"""The first api-versions with exactVersion, by the source's type (the same definitions)."""
TARGET_REGIONS_SINCE = "2022-07-01"
"""The first api-version with targetRegions; those before require replicationRegions (the same definitions)."""


def template_answer(record: TemplateRecord, run: RunRecord | None, api_version: str) -> dict[str, Any]:
    """Return the template's resource with `run`, its latest, as `api_version` has it."""
    known = record.model_copy(update={"body": as_known(record.body, api_version)})
    resource = template_resource(known, run)
    if api_version < STAGING_SHOWN_SINCE:
        del resource["properties"]["exactStagingResourceGroup"]
    source = resource["properties"]["source"]
    if "exactVersion" in source and api_version < EXACT_VERSION_SINCE[source["type"]]:
        del source["exactVersion"]
    return resource


def as_known(body: dict[str, Any], api_version: str) -> dict[str, Any]:
    """Return a template's body without what `api_version` does not have. What is Kiln's own stays."""
    newer = [place.path for place, _ in walk(root(ImageTemplate), body) if _is_newer(place, api_version)]
    if not newer and api_version >= TARGET_REGIONS_SINCE:
        return body
    shown = copy.deepcopy(body)
    if api_version < TARGET_REGIONS_SINCE:
        for target in shown["properties"]["distribute"]:
            _show_regions(target)
    for path in reversed(newer):  # innermost and last ones first, so that places in lists stay what they are
        _drop(shown, path)
    return shown


def _is_newer(place: Place, api_version: str) -> bool:
    """Whether the place is a property that is newer. An older property with a newer *value* is shown as it is."""
    since = place.shape.mark(Since)
    return (
        since is not None
        and since.value is None
        and since.api_version is not None
        and since.api_version > api_version
        and isinstance(place.path[-1], str)
    )


def _show_regions(target: dict[str, Any]) -> None:
    """Add a gallery target's regions in the older form, which older api-versions require."""
    if target["type"] == "SharedImage" and "replicationRegions" not in target:
        target["replicationRegions"] = [region["name"] for region in target.get("targetRegions", [])]


def _drop(body: Any, path: Path) -> None:
    """Remove one property. An object in a list is removed whole if the property is its type."""
    if path[-1] == "type" and isinstance(path[-2], int):
        path = path[:-1]
    *parents, last = path
    for part in parents:
        body = body[part]
    del body[last]
