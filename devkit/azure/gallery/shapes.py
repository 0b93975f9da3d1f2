"""The bodies of galleries, image definitions and image versions, as the gallery OpenAPI (2024-03-03) names them.

It owns the modelled part of these shapes; it must not know what the properties do.
"""

from __future__ import annotations

from devkit.azure.shapes import BOOL, INT, MAP, READ_ONLY, STR, Many, Must, OneOf, Shape, tracked

_STORAGE = OneOf(("Standard_LRS", "Standard_ZRS", "Premium_LRS", "PremiumV2_LRS"))
_RANGE: Shape = {"min": INT, "max": INT}

GALLERY: Shape = tracked(
    identity=MAP,
    properties={
        "provisioningState": READ_ONLY,
        "description": STR,
        "identifier": READ_ONLY,
        "sharingProfile": {"permissions": STR, "groups": READ_ONLY},
        "softDeletePolicy": {"isSoftDeleteEnabled": BOOL},
        "sharingStatus": READ_ONLY,
    },
)
DEFINITION: Shape = tracked(
    properties=Must({
        "provisioningState": READ_ONLY,
        "description": STR,
        "eula": STR,
        "privacyStatementUri": STR,
        "releaseNoteUri": STR,
        "osType": Must(OneOf(("Linux", "Windows"))),
        "osState": Must(OneOf(("Generalized", "Specialized"))),
        "hyperVGeneration": OneOf(("V1", "V2")),
        "endOfLifeDate": STR,
        "identifier": Must({"publisher": Must(STR), "offer": Must(STR), "sku": Must(STR)}),
        "recommended": {"vCPUs": _RANGE, "memory": _RANGE},
        "disallowed": {"diskTypes": Many(STR)},
        "purchasePlan": {"name": Must(STR), "publisher": Must(STR), "product": Must(STR)},
        "features": Many({"name": Must(STR), "value": Must(STR), "startsAtVersion": STR}),
        "architecture": OneOf(("x64", "Arm64")),
        "allowUpdateImage": BOOL,
    }),
)  # fmt: skip
TARGET_REGION: Shape = {
    "name": Must(STR),
    "regionalReplicaCount": INT,
    "storageAccountType": _STORAGE,
    "excludeFromLatest": BOOL,
}
_DISK: dict[str, Shape] = {
    "sizeInGB": READ_ONLY,
    "hostCaching": OneOf(("None", "ReadOnly", "ReadWrite")),
    "source": {"id": STR},
}
_VERSION: dict[str, Shape] = {
    "provisioningState": READ_ONLY,
    "replicationStatus": READ_ONLY,
    "validationsProfile": READ_ONLY,
    "publishingProfile": {
        "targetRegions": Many(TARGET_REGION),
        "replicaCount": INT,
        "excludeFromLatest": BOOL,
        "publishedDate": READ_ONLY,
        "endOfLifeDate": STR,
        "storageAccountType": _STORAGE,
        "replicationMode": OneOf(("Full", "Shallow")),
    },
    "safetyProfile": {
        "allowDeletionOfReplicatedLocations": BOOL,
        "blockDeletionBeforeEndOfLife": BOOL,
        "reportedForPolicyViolation": READ_ONLY,
        "policyViolations": READ_ONLY,
    },
    "securityProfile": READ_ONLY,
    "restore": READ_ONLY,
}
_SOURCES: Shape = {
    "source": {"id": STR, "virtualMachineId": STR},
    "osDiskImage": _DISK,
    "dataDiskImages": Many({"lun": Must(INT), **_DISK}),
}
VERSION: Shape = tracked(properties=Must({**_VERSION, "storageProfile": Must(_SOURCES)}))
VERSION_UPDATE: Shape = {
    "id": READ_ONLY,
    "name": READ_ONLY,
    "type": READ_ONLY,
    "tags": MAP,
    "properties": {**_VERSION, "storageProfile": Must(_SOURCES)},
}
"""The body of a PATCH; by the OpenAPI, its storageProfile has to be there, and may be empty."""
