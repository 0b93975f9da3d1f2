"""Turns distributors into targets: decides their versions, regions and blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from kiln.blob_urls import parts
from kiln.ids import name_of, region_name, resource_id
from kiln.planner import names
from kiln.planner.targets import NEXT, GalleryTarget, ManagedImageTarget, RegionSpec, Target, VhdTarget
from kiln.planner.versions import ANY_MAJOR
from kiln.runs.lineage import lineage_tags
from kiln.runs.tags import MARK_TAG, RUN_TAG, users_tags
from kiln.template.distributors import (
    LatestVersioning,
    ManagedImageDistributor,
    SharedImageDistributor,
    SourceVersioning,
    TargetRegion,
    VhdDistributor,
)

if TYPE_CHECKING:
    from kiln.ids import RunRef
    from kiln.planner.facts import DefinitionFacts, Facts, SourceFacts
    from kiln.planner.staging import GroupSpec
    from kiln.planner.targets import OriginSpec
    from kiln.runs.record import RunOutput
    from kiln.template.distributors import Distributor
    from kiln.template.models import ImageTemplate


class Targets:
    """Makes the targets of one run."""

    def __init__(self, run: RunRef, group: GroupSpec, origin: OriginSpec, facts: Facts) -> None:
        self._run_id = run.run_id
        self._lineage = lineage_tags(run.template, facts.lineage)
        self._group = group
        self._origin = origin
        self._facts = facts

    def target(self, index: int, distributor: Distributor, done: RunOutput | None) -> Target:
        """Return the `index`-th distributor as a target; `done` is what an earlier run made of it already."""
        tags = users_tags(distributor.artifact_tags) | {name: self._origin.tags[name] for name in (RUN_TAG, MARK_TAG)}
        match distributor:
            case SharedImageDistributor():
                return self._gallery(distributor, tags | self._lineage, done)
            case ManagedImageDistributor():
                return self._managed(index, distributor, tags)
            case VhdDistributor():
                return self._vhd(index, distributor, tags)
            case _:
                assert_never(distributor)

    def _gallery(
        self, distributor: SharedImageDistributor, tags: dict[str, str], done: RunOutput | None
    ) -> GalleryTarget:
        definition = self._facts.definitions[distributor.definition_id]
        if done is not None and done.artifact_id is not None:
            version, mark = name_of(done.artifact_id), done.mark
        else:
            version, mark = fixed_version(distributor, self._facts.source) or NEXT, tags[MARK_TAG]
        return GalleryTarget(
            kind="SharedImage",
            run_output_name=distributor.run_output_name,
            image_id=distributor.definition_id,
            version=version,
            major=_major(distributor) if version == NEXT else None,
            location=region_name(self._origin.location),
            regions=target_regions(distributor, definition, self._origin.location),
            exclude_from_latest=distributor.exclude_from_latest,
            replication_mode=distributor.replication_mode,
            tags=tags,
            mark=mark,
        )

    def _managed(self, index: int, distributor: ManagedImageDistributor, tags: dict[str, str]) -> ManagedImageTarget:
        source: SourceFacts = self._facts.source
        location = region_name(distributor.location)
        far = location != region_name(self._origin.location)
        return ManagedImageTarget(
            kind="ManagedImage",
            run_output_name=distributor.run_output_name,
            image_id=distributor.image_id,
            spare_id=f"{distributor.image_id.rpartition('/')[0]}/{names.spare_image(self._run_id, index)}",
            location=location,
            os=source.os,
            generation=source.generation,
            snapshot=self._snapshot(names.snapshot(self._run_id, index)) if far else None,
            copy_id=self._snapshot(names.snapshot_copy(self._run_id, index)) if far else None,
            tags=tags,
        )

    def _vhd(self, index: int, distributor: VhdDistributor, tags: dict[str, str]) -> VhdTarget:
        name = distributor.run_output_name
        blob = names.vhd_blob(self._run_id, name)
        url = vhd_url(distributor.uri, blob)
        folder = distributor.uri.rpartition("/")[0]
        named = url is not None and url == distributor.uri
        spare = f"{folder}/{names.spare_vhd(self._run_id, index)}" if named else None
        return VhdTarget(kind="VHD", run_output_name=name, blob=blob, url=url, spare_url=spare, tags=tags)

    def _snapshot(self, name: str) -> str:
        return resource_id(self._group.subscription, self._group.name, "Microsoft.Compute/snapshots", name)


def fixed_version(distributor: SharedImageDistributor, source: SourceFacts) -> str | None:
    """Return the version that the template names or takes over from its source; None for the next one."""
    if distributor.version is not None:
        return distributor.version
    return source.version if isinstance(distributor.versioning, SourceVersioning) else None


def _major(distributor: SharedImageDistributor) -> int | None:
    scheme = distributor.versioning
    return scheme.major if isinstance(scheme, LatestVersioning) and scheme.major != ANY_MAJOR else None


def target_regions(
    distributor: SharedImageDistributor, definition: DefinitionFacts, home: str
) -> tuple[RegionSpec, ...]:
    """Return the regions of a version whose origin is in the region `home`, which is always one of them.

    Azure demands that, but not the definition's region (docs/adr/0022-a-gallery-version-s-home.md). A template that
    names no region means the definition's, as with Image Builder; a shallow version is in its home region only.
    """
    shallow = distributor.replication_mode == "Shallow"
    named = distributor.regions() or (() if shallow else (TargetRegion(name=definition.location),))
    asked = {
        region_name(region.name): RegionSpec(
            name=region_name(region.name),
            replicas=region.replica_count,
            storage_account_type=region.storage_account_type,
        )
        for region in named
    }
    first = region_name(home)
    if first in asked:
        return tuple(asked.values())
    return (RegionSpec(name=first, replicas=1, storage_account_type="Standard_LRS"), *asked.values())


def vhd_url(uri: str, blob: str) -> str | None:
    """Return the URL of the blob that a template's `uri` means: itself, or `blob` in the container or folder there."""
    if not uri:
        return None
    named = parts(uri).blob
    if named and not named.endswith("/"):
        return uri
    return f"{uri.rstrip('/')}/{blob}"


def definition_ids(template: ImageTemplate) -> tuple[str, ...]:
    """Return the ids of the image definitions that the template distributes to, each once, without versions."""
    ids = (item.definition_id for item in template.properties.distribute if isinstance(item, SharedImageDistributor))
    return tuple(dict.fromkeys(ids))
