"""Checks each target: whether its definition, and its kind of target, can take an image of the source.

Rules: Microsoft's image-builder-overview ("Hyper-V generation", "Confidential VM and Trusted Launch Support"),
azure-compute-gallery ("Shallow replication") and image-version ("Managed images").
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kiln.errors import ErrorDetail
from kiln.ids import plain_version, region_name
from kiln.planner.distribute import fixed_version, target_regions
from kiln.planner.versions import is_version
from kiln.template.distributors import (
    ManagedImageDistributor,
    SharedImageDistributor,
    SourceVersioning,
    VhdDistributor,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kiln.planner.facts import DefinitionFacts, Facts, SecurityType, SourceFacts
    from kiln.template.models import ImageTemplate

CODE = "BadSharedImageDistribute"

_SECURITY: dict[SecurityType, frozenset[str]] = {
    "Standard": frozenset(),
    "TrustedLaunchSupported": frozenset({"TrustedLaunch"}),
    "ConfidentialVmSupported": frozenset({"ConfidentialVM"}),
    "TrustedLaunchAndConfidentialVmSupported": frozenset({"TrustedLaunch", "ConfidentialVM"}),
}
"""The security types that machines made from an image may have, by the image's own type.

TrustedLaunch and ConfidentialVM are missing here: they do not only allow a type, they demand it.
"""


def target_misfits(template: ImageTemplate, facts: Facts) -> Iterator[ErrorDetail]:
    """Yield the problems of each target."""
    taken: set[tuple[str, str]] = set()
    for index, target in enumerate(template.properties.distribute):
        path = f"properties.distribute[{index}]"
        match target:
            case SharedImageDistributor():
                definition = facts.definitions[target.definition_id]
                yield from _definition(path, target, definition, facts.source)
                yield from _version(path, target, facts.source, taken)
                yield from _shallow(path, target, definition, region_name(template.location))
            case ManagedImageDistributor() if facts.source.architecture == "Arm64":
                yield ErrorDetail(
                    code="Other",
                    message=f"{path}.type: a managed image cannot be of Arm64, which the source image is.",
                    target=f"{path}.type",
                    hint="Distribute to a gallery instead (type SharedImage).",
                )
            case VhdDistributor(uri=uri) if urlsplit(uri).query:
                yield ErrorDetail(
                    code="Other",
                    message=f"{path}.uri: the URL has a query, but Kiln writes with its own identity, not a signature.",
                    target=f"{path}.uri",
                    hint="Leave out all from the question mark on, and let Kiln's identity write to the container.",
                )
            case _:
                pass


def takes_security(definition: SecurityType, source: SecurityType) -> bool:
    """Whether an image definition of one security type takes images that are built from a source of another.

    Image Builder wants both types to be the same (Microsoft's image-builder-overview). Kiln also accepts a definition
    that allows less than the source does.
    """
    theirs, ours = _SECURITY.get(definition), _SECURITY.get(source)
    if theirs is None or ours is None:
        return False
    return theirs == ours or (bool(theirs) and theirs <= ours)


def _definition(
    path: str, target: SharedImageDistributor, definition: DefinitionFacts, source: SourceFacts
) -> Iterator[ErrorDetail]:
    pairs = (
        ("operating system", source.os, definition.os),
        ("Hyper-V generation", source.generation, definition.generation),
        ("architecture", source.architecture, definition.architecture),
    )
    differences = [f"{what} {theirs} instead of {ours}" for what, ours, theirs in pairs if ours != theirs]
    if not takes_security(definition.security, source.security):
        differences.append(f"security type {definition.security} instead of {source.security}")
    if definition.os_state != "Generalized":
        differences.append(f"OS state {definition.os_state} instead of Generalized")
    if differences:
        yield ErrorDetail(
            code=CODE,
            message=f"{path}.galleryImageId: images of this source do not fit the image definition "
            f"{target.definition_id}: it has {', '.join(differences)}.",
            target=f"{path}.galleryImageId",
            hint="Name a definition made for such images (az sig image-definition create --os-type, "
            "--hyper-v-generation, --architecture, --features SecurityType=..., --os-state).",
        )


def _version(
    path: str, target: SharedImageDistributor, source: SourceFacts, taken: set[tuple[str, str]]
) -> Iterator[ErrorDetail]:
    version = fixed_version(target, source)
    if version is None:
        return
    if isinstance(target.versioning, SourceVersioning) and not is_version(version):
        has = f"has the version {version}" if version else "has no version"
        yield ErrorDetail(
            code=CODE,
            message=f"{path}.versioning.scheme: Source takes over the source image's version, and this one {has}; "
            "a gallery's version is three numbers up to 2147483647.",
            target=f"{path}.versioning.scheme",
            hint="Use the scheme Latest, or name the version in galleryImageId.",
        )
    elif (key := (target.definition_id.lower(), plain_version(version))) in taken:
        yield ErrorDetail(
            code=CODE,
            message=f"{path}.galleryImageId: another target makes version {version} of {target.definition_id} already.",
            target=f"{path}.galleryImageId",
            hint="Put the regions of both into one target, or give one of them another version.",
        )
    else:
        taken.add(key)


def _shallow(
    path: str, target: SharedImageDistributor, definition: DefinitionFacts, location: str
) -> Iterator[ErrorDetail]:
    """Yield regions and replicas that a shallow version cannot have: it is not copied, so it exists once, at home."""
    if target.replication_mode != "Shallow":
        return
    regions = target_regions(target, definition, location)
    elsewhere = [region.name for region in regions if region.name != location]
    if elsewhere or any(region.replicas > 1 for region in regions):
        what = f"also in {', '.join(elsewhere)}" if elsewhere else "in more than one replica"
        yield ErrorDetail(
            code=CODE,
            message=f"{path}.replicationMode: a Shallow version exists once, in the region of the build ({location}); "
            f"this one is asked for {what}.",
            target=f"{path}.replicationMode",
            hint="Use replicationMode Full, or the build's own region alone with one replica.",
        )
