from __future__ import annotations

import pytest

from kiln.cloud import gallery, marketplace
from kiln.errors import SourceNotFound, TargetNotFound, provisioning_code
from kiln.template.sources import PlatformImageSource
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

GALLERY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-images/providers/Microsoft.Compute/galleries/gallery"


def source(version: str = "latest", sku: str = "12-gen2") -> PlatformImageSource:
    return PlatformImageSource(type="PlatformImage", publisher="Debian", offer="debian-12", sku=sku, version=version)


def version_of(source: PlatformImageSource) -> str:
    return marketplace.source_facts(SUBSCRIPTION, "westeurope", source, None).version


def test_latest_means_the_newest_version_that_there_is() -> None:
    newest = version_of(source())

    assert version_of(source(newest)) == newest


def test_a_retry_gets_the_version_that_it_asks_for() -> None:
    facts = marketplace.source_facts(SUBSCRIPTION, "westeurope", source(), "0.20250703.2162")

    assert facts.version == facts.reference.version == "0.20250703.2162"


def test_a_version_that_is_not_there_names_those_that_are() -> None:
    newest = version_of(source())

    with pytest.raises(SourceNotFound) as caught:
        version_of(source("0.0.1"))

    assert newest in str(caught.value)
    assert caught.value.detail.target == "properties.source.version"
    assert provisioning_code(caught.value.detail) == "BadPIRSource"


def test_an_image_that_is_not_there_is_named_in_full() -> None:
    with pytest.raises(SourceNotFound, match="Debian:debian-12:no-such-sku"):
        version_of(source(sku="no-such-sku"))


def test_a_definition_says_where_it_is() -> None:
    assert gallery.definition(f"{GALLERY}/images/win").location == "westeurope"


def test_a_definition_that_is_not_there_is_named_with_what_to_do() -> None:
    with pytest.raises(TargetNotFound, match="az sig image-definition create"):
        gallery.definition(f"{GALLERY}/images/no-such-image")
