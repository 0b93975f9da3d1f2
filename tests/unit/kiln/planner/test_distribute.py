from __future__ import annotations

from typing import Any

import pytest

from kiln.planner.distribute import vhd_url
from kiln.planner.targets import GalleryTarget, ManagedImageTarget, VhdTarget
from kiln.runs.lineage import short_name
from kiln.runs.tags import maker
from tests.unit.kiln.planner import samples


def gallery(*, location: str = "westeurope", **distributor: Any) -> GalleryTarget:
    distribute = [{**samples.GALLERY, **distributor}]
    facts = samples.facts_of(samples.template(distribute=distribute), location=location)
    (target,) = samples.plan(facts=facts, distribute=distribute).targets
    assert isinstance(target, GalleryTarget)
    return target


def managed(location: str) -> ManagedImageTarget:
    distributor = {
        "type": "ManagedImage",
        "runOutputName": "managed",
        "imageId": f"{samples.MANAGED}/hello",
        "location": location,
    }
    (target,) = samples.plan(distribute=[distributor]).targets
    assert isinstance(target, ManagedImageTarget)
    return target


@pytest.mark.parametrize(
    ("versioning", "expected"),
    [
        (None, ("next", None)),
        ({"scheme": "Latest"}, ("next", None)),
        ({"scheme": "Latest", "major": -1}, ("next", None)),
        ({"scheme": "Latest", "major": 0}, ("next", 0)),
        ({"scheme": "Latest", "major": 3}, ("next", 3)),
        ({"scheme": "Source"}, ("0.20261101.1", None)),
    ],
)
def test_an_automatic_version_is_the_next_one_or_the_source_s(
    versioning: dict[str, Any] | None, expected: tuple[str, int | None]
) -> None:
    asked: dict[str, Any] = {} if versioning is None else {"versioning": versioning}

    target = gallery(**asked)

    assert (target.version, target.major) == expected
    assert target.is_next == (expected[0] == "next")


def test_a_named_version_is_taken_as_it_is() -> None:
    target = gallery(galleryImageId=f"{samples.IMAGE}/versions/7.8.9")

    assert target.version == "7.8.9"
    assert target.version_id == f"{samples.IMAGE}/versions/7.8.9"


def test_a_version_is_at_home_where_it_is_built_even_if_that_was_not_asked_for() -> None:
    target = gallery(location="East US", targetRegions=[{"name": "North Europe", "replicaCount": 3}])

    assert target.location == "westeurope"
    assert [(region.name, region.replicas) for region in target.regions] == [("westeurope", 1), ("northeurope", 3)]


def test_no_region_means_that_of_the_definition_and_the_build_s() -> None:
    assert [region.name for region in gallery(location="East US").regions] == ["westeurope", "eastus"]
    assert [region.name for region in gallery(location="West Europe").regions] == ["westeurope"]


def test_a_shallow_version_is_at_home_alone_wherever_its_definition_is() -> None:
    target = gallery(location="East US", replicationMode="Shallow")

    assert (target.location, [region.name for region in target.regions]) == ("westeurope", ["westeurope"])


def test_a_region_that_is_asked_for_twice_is_one_region() -> None:
    regions = [{"name": "West Europe", "replicaCount": 1}, {"name": "westeurope", "replicaCount": 2}]

    assert [(region.name, region.replicas) for region in gallery(targetRegions=regions).regions] == [("westeurope", 2)]


def test_the_deprecated_regions_are_regions() -> None:
    target = gallery(replicationRegions=["westeurope", "northeurope"], storageAccountType="Premium_LRS")

    assert [(region.name, region.storage_account_type) for region in target.regions] == [
        ("westeurope", "Premium_LRS"),
        ("northeurope", "Premium_LRS"),
    ]


def test_what_a_template_says_of_a_version_is_passed_on() -> None:
    given = {"os": "debian", "KILNMARK": "another's", "kilnrun": "another's"}
    target = gallery(excludeFromLatest=True, replicationMode="Shallow", artifactTags=given)

    assert target.exclude_from_latest
    assert target.replication_mode == "Shallow"
    assert target.tags == {
        "os": "debian",
        "kilnRun": samples.RUN.run_id,
        "kilnMark": f"{maker(samples.RUN.template, None)}-{samples.RUN.run_id}",
        "kilnTemplate": samples.RUN.template.key,
        "kilnLineage": short_name(samples.RUN.template),
    }


def test_a_version_says_which_templates_led_to_it() -> None:
    facts = samples.facts_of(samples.template())
    (target,) = samples.plan(facts=facts.model_copy(update={"lineage": ("00000001", "00000002")})).targets

    assert target.tags["kilnLineage"] == f"00000001 00000002 {short_name(samples.RUN.template)}"


def test_a_managed_image_at_hand_is_made_of_the_machine() -> None:
    target = managed("West Europe")

    assert (target.location, target.snapshot, target.copy_id) == ("westeurope", None, None)
    assert (target.os, target.generation) == ("Linux", "V2")


def test_a_managed_image_elsewhere_is_made_of_a_copied_snapshot() -> None:
    target = managed("North Europe")

    assert target.snapshot is not None
    assert target.copy_id is not None
    assert target.snapshot.endswith(f"/snapshots/kiln-{samples.RUN.run_id}-00-snapshot")
    assert target.copy_id.endswith(f"/snapshots/kiln-{samples.RUN.run_id}-00-copy")


def test_a_vhd_goes_to_the_staging_storage_by_default() -> None:
    (target,) = samples.plan(distribute=[samples.VHD]).targets

    assert isinstance(target, VhdTarget)
    assert (target.blob, target.url) == (f"{samples.RUN.run_id}/vhd.vhd", None)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("", None),
        ("https://a.blob.core.windows.net/c/x.vhd", "https://a.blob.core.windows.net/c/x.vhd"),
        ("https://a.blob.core.windows.net/c/d/x.vhd", "https://a.blob.core.windows.net/c/d/x.vhd"),
        ("https://a.blob.core.windows.net/c", "https://a.blob.core.windows.net/c/run/x.vhd"),
        ("https://a.blob.core.windows.net/c/", "https://a.blob.core.windows.net/c/run/x.vhd"),
        ("https://a.blob.core.windows.net/c/d/", "https://a.blob.core.windows.net/c/d/run/x.vhd"),
        ("https://127.0.0.1:10000/a/c", "https://127.0.0.1:10000/a/c/run/x.vhd"),
        ("https://127.0.0.1:10000/a/c/x.vhd", "https://127.0.0.1:10000/a/c/x.vhd"),
    ],
)
def test_a_uri_names_a_blob_or_a_place_for_one(uri: str, expected: str | None) -> None:
    assert vhd_url(uri, "run/x.vhd") == expected
