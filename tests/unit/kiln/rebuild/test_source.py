"""Sources by name: one key for one source, whatever its case, and another for each region."""

from __future__ import annotations

from typing import Any

import pytest

from kiln.rebuild.source import GalleryDefinition, MarketplaceImage, followed_source, produced_definitions, source_key
from kiln.template.parse import parse_template

GALLERY = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/galleries/g/images"
DEBIAN = {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"}


def template(source: dict[str, Any], *produces: str, location: str = "westeurope") -> Any:
    targets = [
        {"type": "SharedImage", "runOutputName": f"o{index}", "galleryImageId": f"{GALLERY}/{made}"}
        for index, made in enumerate(produces)
    ]
    properties = {"source": source, "distribute": targets or [{"type": "VHD", "runOutputName": "vhd"}]}
    return parse_template({"location": location, "identity": {"type": "None"}, "properties": properties})


def test_a_marketplace_image_is_one_source_in_each_region() -> None:
    shouted = {key: value.upper() if key in {"publisher", "offer", "sku"} else value for key, value in DEBIAN.items()}

    assert MarketplaceImage(region="r", publisher="p", offer="o", sku="s").key == "marketplace/r/p/o/s"
    assert source_key(template(DEBIAN)) == "marketplace/westeurope/debian/debian-12/12-gen2"
    assert source_key(template(shouted, location="West Europe")) == source_key(template(DEBIAN))
    assert source_key(template(DEBIAN, location="northeurope")) != source_key(template(DEBIAN))


def test_a_definition_is_one_source_whatever_the_version_and_case() -> None:
    latest = {"type": "SharedImageVersion", "imageVersionId": f"{GALLERY}/Base/versions/latest"}
    fixed = {"type": "SharedImageVersion", "imageVersionId": f"{GALLERY}/base/versions/1.0.0"}

    assert source_key(template(latest)) == source_key(template(fixed)) == GalleryDefinition(id=f"{GALLERY}/BASE").key


@pytest.mark.parametrize(
    ("source", "follows"),
    [
        (DEBIAN, True),
        ({**DEBIAN, "version": "Latest"}, True),
        ({**DEBIAN, "version": "1.2.3"}, False),
        ({"type": "SharedImageVersion", "imageVersionId": f"{GALLERY}/base/versions/latest"}, True),
        ({"type": "SharedImageVersion", "imageVersionId": f"{GALLERY}/base/versions/1.0.0"}, False),
        (
            {
                "type": "ManagedImage",
                "imageId": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/images/base",
            },
            False,
        ),
    ],
)
def test_new_versions_are_taken_only_where_the_latest_is_asked_for(source: dict[str, Any], *, follows: bool) -> None:
    assert (followed_source(template(source)) is not None) == follows


def test_a_template_feeds_each_definition_once() -> None:
    assert [made.id for made in produced_definitions(template(DEBIAN, "a", "A", "b"))] == [
        f"{GALLERY}/A",
        f"{GALLERY}/b",
    ]
