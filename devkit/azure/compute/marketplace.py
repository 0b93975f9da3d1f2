"""The marketplace's routes: bare arrays of publishers, offers, SKUs and versions, and one version's facts.

It owns these read-only answers; it must not know where the catalogue's entries come from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devkit.azure import marketplace_catalog as catalog
from devkit.azure import regions
from devkit.azure.errors import ArmError, invalid
from devkit.azure.routing import SUBSCRIPTION, Answer, Call, RouteTable

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

table = RouteTable()
_PUBLISHERS = SUBSCRIPTION + "/providers/Microsoft.Compute/locations/{location}/publishers"
_OFFERS = _PUBLISHERS + "/{publisher}/artifacttypes/vmimage/offers"
_SKUS = _OFFERS + "/{offer}/skus"
_VERSIONS = _SKUS + "/{sku}/versions"


def _entries(call: Call, names: list[str], path: str) -> list[dict[str, Any]]:
    location = regions.normal(call.params["location"])
    base = path.format(**{**call.params, "location": location})
    return [{"location": location, "name": name, "id": f"{base}/{name}"} for name in names]


@table.route("GET", _PUBLISHERS)
async def list_publishers(cloud: Cloud, call: Call) -> Answer:
    """List publishers."""
    names = sorted({image.publisher for image in catalog.published(cloud.store)})
    return Answer(200, _entries(call, names, _PUBLISHERS))


@table.route("GET", _OFFERS)
async def list_offers(cloud: Cloud, call: Call) -> Answer:
    """List a publisher's offers."""
    wanted = call.params["publisher"].lower()
    names = sorted({i.offer for i in catalog.published(cloud.store) if i.publisher.lower() == wanted})
    if not names:
        raise ArmError(404, "NotFound", f"Artifact: VMImage was not found for publisher '{call.params['publisher']}'.")
    return Answer(200, _entries(call, names, _OFFERS))


@table.route("GET", _SKUS)
async def list_skus(cloud: Cloud, call: Call) -> Answer:
    """List an offer's SKUs."""
    prefix = f"{call.params['publisher']}/{call.params['offer']}/".lower()
    names = sorted({image.sku for image in catalog.published(cloud.store) if image.key.startswith(prefix)})
    if not names:
        raise ArmError(404, "NotFound", f"Artifact: VMImage was not found for offer '{call.params['offer']}'.")
    return Answer(200, _entries(call, names, _SKUS))


@table.route("GET", _VERSIONS)
async def list_versions(cloud: Cloud, call: Call) -> Answer:
    """List a SKU's versions, with `$orderby=name [desc]`, `$top` and `$expand=properties`."""
    found = catalog.versions(cloud.store, call.params["publisher"], call.params["offer"], call.params["sku"])
    if not found:
        raise ArmError(404, "NotFound", f"Artifact: VMImage was not found for sku '{call.params['sku']}'.")
    match call.query.get("$orderby", "name asc").lower().split():
        case ["name", "desc"]:
            found.reverse()
        case ["name"] | ["name", "asc"]:
            pass
        case other:
            raise invalid(f"$orderby '{' '.join(other)}' is not supported.", "$orderby")
    if "$top" in call.query:
        found = found[: int(call.query["$top"])]
    entries = _entries(call, [image.version for image in found], _VERSIONS)
    if call.expand.startswith("properties"):
        entries = [{**entry, "properties": _properties(image)} for entry, image in zip(entries, found, strict=True)]
    return Answer(200, entries)


@table.route("GET", _VERSIONS + "/{version}")
async def get_version(cloud: Cloud, call: Call) -> Answer:
    """Show one version, by its number or as "latest"."""
    names = (call.params[part] for part in ("publisher", "offer", "sku", "version"))
    image = catalog.resolve(cloud.store, *names)
    return Answer(200, {**_entries(call, [image.version], _VERSIONS)[0], "properties": _properties(image)})


def _properties(image: catalog.Published) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "hyperVGeneration": image.generation,
        "architecture": image.architecture,
        "osDiskImage": {"operatingSystem": image.os_type},
        "dataDiskImages": [{"lun": lun} for lun in image.data_luns],
        "automaticOSUpgradeProperties": {"automaticOSUpgradeSupported": False},
        "features": [{"name": name, "value": value} for name, value in image.features.items()],
        "disallowed": {"vmDiskType": "None"},
        "imageDeprecationStatus": image.deprecation,
    }
    return shown | ({"plan": image.plan} if image.plan else {})
