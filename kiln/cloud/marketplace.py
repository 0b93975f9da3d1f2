"""Marketplace images as sources: the version that `latest` means today, and the facts of a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiln.cloud import clients
from kiln.cloud.failures import azure, refused_source
from kiln.errors import AzureNotFound
from kiln.planner.facts import DISK_CONTROLLERS, ImageReference, PurchasePlan, SourceFacts, disk_controllers

if TYPE_CHECKING:
    from kiln.template.sources import PlatformImageSource

LATEST = "latest"
CODE = "BadPIRSource"
SECURITY = "SecurityType"


def source_facts(subscription: str, location: str, source: PlatformImageSource, exact: str | None) -> SourceFacts:
    """Return the facts of `source` in `location`. Raises a `SourceNotFound` that names the existing versions."""
    asked = exact or source.version
    version = _newest(subscription, location, source) if asked.lower() == LATEST else asked
    try:
        with azure("look up the source image"):
            image = clients.compute(subscription).virtual_machine_images.get(
                location, source.publisher, source.offer, source.sku, version, api_version=clients.COMPUTE
            )
    except AzureNotFound:
        _newest(subscription, location, source)  # raises another error when there is no version at all
        newest = ", ".join(_versions(subscription, location, source)[-3:])
        raise refused_source(
            CODE,
            f"The marketplace image {_urn(source)} has no version {version} in {location}.",
            target="properties.source.version",
            hint=f"Its newest versions are {newest}.",
        ) from None
    plan = _plan(image)
    _check_plan(source, plan)
    features: dict[str, Any] = {str(feature.name): feature.value for feature in image.features or []}
    return SourceFacts(
        reference=ImageReference(publisher=source.publisher, offer=source.offer, sku=source.sku, version=version),
        version=version,
        os="Windows" if image.os_disk_image and image.os_disk_image.operating_system == "Windows" else "Linux",
        generation="V2" if image.hyper_v_generation == "V2" else "V1",
        architecture="Arm64" if image.architecture == "Arm64" else "x64",
        security=features.get(SECURITY) or "Standard",
        controllers=disk_controllers(features.get(DISK_CONTROLLERS)),
        plan=plan,
        data_disk_luns=tuple(disk.lun for disk in image.data_disk_images or [] if disk.lun is not None),
    )


def _newest(subscription: str, location: str, source: PlatformImageSource) -> str:
    versions = _versions(subscription, location, source)
    if not versions:
        raise refused_source(
            CODE,
            f"The marketplace image {_urn(source)} has no version in {location}.",
            hint="Check publisher, offer and sku with: az vm image list --all --publisher ... --offer ...",
        )
    return versions[-1]


def _versions(subscription: str, location: str, source: PlatformImageSource) -> list[str]:
    """Return the image's versions, oldest first; none when publisher, offer or sku do not exist.

    They are compared as numbers: Azure sorts them as text.
    """
    try:
        with azure("list the versions of the source image"):
            images = clients.compute(subscription).virtual_machine_images.list(
                location, source.publisher, source.offer, source.sku, api_version=clients.COMPUTE
            )
            return sorted((str(image.name) for image in images), key=_as_numbers)
    except AzureNotFound:
        return []


def _plan(image: Any) -> PurchasePlan | None:
    if image.plan is None:
        return None
    return PurchasePlan(name=image.plan.name, product=image.plan.product, publisher=image.plan.publisher)


def _check_plan(source: PlatformImageSource, plan: PurchasePlan | None) -> None:
    """Raise `SourceNotFound` when planInfo is not the image's purchase plan; case in names does not matter."""
    given = source.plan_info
    asked = (
        PurchasePlan(name=given.plan_name, product=given.plan_product, publisher=given.plan_publisher)
        if given
        else None
    )
    if _folded(asked) == _folded(plan):
        return
    raise refused_source(
        CODE,
        f"The marketplace image {_urn(source)} has {_words(plan)}, but planInfo names {_words(asked)}.",
        target="properties.source.planInfo",
        hint="Correct planInfo in the template." if plan else "Remove planInfo from the template.",
    )


def _folded(plan: PurchasePlan | None) -> tuple[str, ...] | None:
    return tuple(part.lower() for part in (plan.name, plan.product, plan.publisher)) if plan else None


def _words(plan: PurchasePlan | None) -> str:
    if plan is None:
        return "no purchase plan"
    return f"the purchase plan planName {plan.name!r}, planProduct {plan.product!r}, planPublisher {plan.publisher!r}"


def _urn(source: PlatformImageSource) -> str:
    return f"{source.publisher}:{source.offer}:{source.sku}"


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))
