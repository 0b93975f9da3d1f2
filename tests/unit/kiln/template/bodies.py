"""A valid template body, and copies of it with one thing changed."""

from __future__ import annotations

import copy
from typing import Any

GALLERY_IMAGE = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-images/providers/Microsoft.Compute"
    "/galleries/gallery/images/hello"
)
BUILDER = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-images/providers"
    "/Microsoft.ManagedIdentity/userAssignedIdentities/builder"
)
BODY: dict[str, Any] = {
    "location": "westeurope",
    "tags": {"team": "images"},
    "identity": {"type": "UserAssigned", "userAssignedIdentities": {BUILDER: {}}},
    "properties": {
        "source": {"type": "PlatformImage", "publisher": "Debian", "offer": "debian-12", "sku": "12-gen2"},
        "customize": [
            {"type": "Shell", "name": "hello", "inline": ["echo hello"]},
            {"type": "File", "name": "motd", "sourceUri": "https://a/motd", "destination": "/tmp/motd"},
        ],
        "distribute": [
            {
                "type": "SharedImage",
                "runOutputName": "gallery",
                "galleryImageId": GALLERY_IMAGE,
                "targetRegions": [{"name": "westeurope"}, {"name": "northeurope", "replicaCount": 2}],
            },
            {"type": "VHD", "runOutputName": "disk"},
        ],
        "vmProfile": {"vmSize": "Standard_D2s_v5", "osDiskSizeGB": 64},
        "buildTimeoutInMinutes": 60,
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return `BODY` with the value at `path` (dotted, numbers are indices) replaced, or removed where it is `...`."""
    body = copy.deepcopy(BODY)
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
    place: Any = body
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return body


PLACEHOLDERS = {'"1_location"': '"westus"', '"scriptUrl"': '"https://example.com/script"'}
"""Placeholders of Microsoft's examples for a region or a URL; their definitions take any text, Kiln does not."""


def with_real_values(text: str) -> str:
    """Return an example with real values where Microsoft's have a placeholder that Kiln does not take."""
    for placeholder, value in PLACEHOLDERS.items():
        text = text.replace(placeholder, value)
    return text
