"""What a new local Azure contains: one group with a gallery and an identity, and a small marketplace.

It owns these facts; it must not overwrite what an earlier process stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure.cloud_ids import BUILDER_CLIENT_ID, BUILDER_ID, BUILDER_PRINCIPAL_ID, SUBSCRIPTION_ID
from devkit.azure.gallery import definitions, galleries
from devkit.azure.identity import app_identities, identities
from devkit.azure.marketplace_catalog import Published, add
from devkit.azure.resources import groups
from devkit.azure.store import Resource

if TYPE_CHECKING:
    from devkit.azure.cloud import Cloud

GROUP_ID = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/rg-images"
_REGION = "westeurope"
_DEFINITIONS = (("hello", "Linux"), ("base", "Linux"), ("app", "Linux"), ("win", "Windows"))
_DEBIAN = ("Debian", "debian-12", "12-gen2")
_UBUNTU = ("Canonical", "ubuntu-24_04-lts", "server")
_WINDOWS = ("MicrosoftWindowsServer", "WindowsServer", "2022-datacenter-g2")
_MARKETPLACE = (
    *(Published(*_DEBIAN, version, "Linux") for version in ("0.20250316.2053", "0.20250703.2162", "0.20250911.2232")),
    *(Published(*_UBUNTU, version, "Linux") for version in ("24.04.202506060", "24.04.202508230", "24.04.202510010")),
    *(
        Published(*_WINDOWS, version, "Windows", size_gb=127)
        for version in ("20348.3807.250607", "20348.4052.250808", "20348.4294.251009")
    ),
)


def seed(cloud: Cloud) -> None:
    """Fill an empty store; a store that has the seeded group is left alone."""
    if cloud.store.find(GROUP_ID) is not None:
        return
    succeeded = {"provisioningState": "Succeeded"}
    cloud.store.save(Resource(GROUP_ID, groups.TYPE, {"location": _REGION, "properties": dict(succeeded)}))
    gallery_id = f"{GROUP_ID}/providers/{galleries.TYPE}/gallery"
    unique = {"identifier": {"uniqueName": f"{SUBSCRIPTION_ID}-GALLERY"}}
    cloud.store.save(Resource(gallery_id, galleries.TYPE, {"location": _REGION, "properties": {**unique, **succeeded}}))
    for name, os_type in _DEFINITIONS:
        properties = {
            "osType": os_type,
            "osState": "Generalized",
            "hyperVGeneration": "V2",
            "architecture": "x64",
            "identifier": {"publisher": "local", "offer": "images", "sku": name},
            **succeeded,
        }
        doc = {"location": _REGION, "properties": properties}
        cloud.store.save(Resource(f"{gallery_id}/images/{name}", definitions.TYPE, doc))
    identities.make(cloud, BUILDER_ID, _REGION, client=BUILDER_CLIENT_ID, principal=BUILDER_PRINCIPAL_ID)
    app_identities.assign(cloud.store, BUILDER_ID)
    for image in _MARKETPLACE:
        add(cloud.store, image)
