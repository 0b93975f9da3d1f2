from __future__ import annotations

import pytest

from kiln.cloud import marketplace
from kiln.errors import SourceNotFound, provisioning_code
from kiln.planner.facts import PurchasePlan, SourceFacts
from kiln.template.sources import PlanInfo, PlatformImageSource
from tests.contract.kiln_cloud.conftest import SUBSCRIPTION

ALMA = PlanInfo(plan_name="9-gen2", plan_product="almalinux", plan_publisher="almalinux")


def debian(version: str = "latest", sku: str = "12-gen2") -> PlatformImageSource:
    return PlatformImageSource(type="PlatformImage", publisher="Debian", offer="debian-12", sku=sku, version=version)


def image(urn: str, plan: PlanInfo | None = None) -> PlatformImageSource:
    publisher, offer, sku = urn.split(":")
    return PlatformImageSource(type="PlatformImage", publisher=publisher, offer=offer, sku=sku, plan_info=plan)


def facts(source: PlatformImageSource, exact: str | None = None) -> SourceFacts:
    return marketplace.source_facts(SUBSCRIPTION, "westeurope", source, exact)


def test_latest_means_the_newest_version_that_there_is() -> None:
    newest = facts(debian()).version

    assert newest == "0.20250911.2232"
    assert facts(debian(newest)).version == newest


def test_a_retry_gets_the_version_that_it_asks_for() -> None:
    found = facts(debian(), exact="0.20250703.2162")

    assert found.version == found.reference.version == "0.20250703.2162"


def test_an_image_says_what_it_is_made_of() -> None:
    assert facts(debian(sku="12")).generation == "V1"
    assert facts(debian(sku="12-arm64")).architecture == "Arm64"
    assert facts(image("Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2")).security == "TrustedLaunchSupported"
    windows = facts(image("MicrosoftWindowsServer:WindowsServer:2022-datacenter-g2"))
    assert (windows.os, windows.generation, windows.security, windows.plan) == ("Windows", "V2", "Standard", None)


def test_a_version_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(SourceNotFound) as caught:
        facts(debian("0.0.1"))

    assert "0.20250911.2232" in str(caught.value)
    assert caught.value.detail.target == "properties.source.version"
    assert provisioning_code(caught.value.detail) == "BadPIRSource"


def test_an_image_that_is_not_there_is_named_in_full() -> None:
    with pytest.raises(SourceNotFound, match="Debian:debian-12:no-such-sku"):
        facts(debian(sku="no-such-sku"))
    with pytest.raises(SourceNotFound, match="Debian:debian-12:no-such-sku"):
        facts(debian("1.0.0", sku="no-such-sku"))


def test_a_paid_image_comes_with_its_plan() -> None:
    assert facts(image("almalinux:almalinux:9-gen2", ALMA)).plan == PurchasePlan(
        name="9-gen2", product="almalinux", publisher="almalinux"
    )


def test_a_plan_that_is_not_the_images_is_refused_with_both_named() -> None:
    other = ALMA.model_copy(update={"plan_name": "8-gen2"})

    with pytest.raises(SourceNotFound) as caught:
        facts(image("almalinux:almalinux:9-gen2", other))

    assert "planName '9-gen2'" in str(caught.value)
    assert "planName '8-gen2'" in str(caught.value)
    assert caught.value.detail.target == "properties.source.planInfo"


def test_a_plan_that_is_missing_or_too_much_is_refused() -> None:
    with pytest.raises(SourceNotFound, match="but planInfo names no purchase plan"):
        facts(image("almalinux:almalinux:9-gen2"))
    with pytest.raises(SourceNotFound, match="has no purchase plan, but"):
        facts(debian().model_copy(update={"plan_info": ALMA}))
