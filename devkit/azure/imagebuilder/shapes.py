"""The bodies of Microsoft.VirtualMachineImages' PUTs, as its OpenAPI (2025-10-01, imagebuilder.json) has them.

It owns properties, kinds, patterns and limits; it must not know what Image Builder makes of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure.shapes import (
    BOOL,
    INT,
    READ_ONLY,
    STR,
    Many,
    Matching,
    Must,
    OneOf,
    Shape,
    Tagged,
    Values,
    Within,
    tracked,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = r"[A-Za-z0-9-_.]{1,64}"
"""The pattern of the names of templates, triggers and run outputs."""
_STATE = OneOf(("Enabled", "Disabled"))
_ON_ERROR = OneOf(("cleanup", "abort"))
_STORAGE = OneOf(("Standard_LRS", "Standard_ZRS", "Premium_LRS"))
_NATURAL = Within(0)
_SOURCE = Tagged(
    "type",
    {
        "PlatformImage": {
            "publisher": STR,
            "offer": STR,
            "sku": STR,
            "version": STR,
            "exactVersion": READ_ONLY,
            "planInfo": {"planName": Must(STR), "planProduct": Must(STR), "planPublisher": Must(STR)},
        },
        "ManagedImage": {"imageId": Must(STR)},
        "SharedImageVersion": {"imageVersionId": Must(STR), "exactVersion": READ_ONLY},
    },
)
_SHELL: Mapping[str, Shape] = {"name": STR, "scriptUri": STR, "sha256Checksum": STR, "inline": Many(STR)}
_POWER_SHELL: Mapping[str, Shape] = {
    **_SHELL, "runElevated": BOOL, "runAsSystem": BOOL, "validExitCodes": Many(INT)
}  # fmt: skip
_FILE: Mapping[str, Shape] = {"name": STR, "sourceUri": STR, "sha256Checksum": STR, "destination": STR}
_VALIDATOR = Tagged("type", {"Shell": _SHELL, "PowerShell": _POWER_SHELL, "File": _FILE})
_CUSTOMIZER = Tagged(
    "type",
    {
        **_VALIDATOR.kinds,
        "WindowsRestart": {"name": STR, "restartCommand": STR, "restartCheckCommand": STR, "restartTimeout": STR},
        "WindowsUpdate": {"name": STR, "searchCriteria": STR, "filters": Many(STR), "updateLimit": _NATURAL},
    },
)
_OUTPUT: Mapping[str, Shape] = {"runOutputName": Must(Matching(NAME)), "artifactTags": Values(STR)}
_DISTRIBUTOR = Tagged(
    "type",
    {
        "ManagedImage": {**_OUTPUT, "imageId": Must(STR), "location": Must(STR)},
        "SharedImage": {
            **_OUTPUT,
            "galleryImageId": Must(STR),
            "replicationRegions": Many(STR),
            "excludeFromLatest": BOOL,
            "storageAccountType": _STORAGE,
            "targetRegions": Many({"name": Must(STR), "replicaCount": Within(1), "storageAccountType": _STORAGE}),
            "versioning": Tagged("scheme", {"Latest": {"major": Within(-1)}, "Source": {}}),
            "replicationMode": OneOf(("Full", "Shallow")),
        },
        "VHD": {**_OUTPUT, "uri": STR},
    },
)
_PROPERTIES: Shape = {
    "source": _SOURCE,
    "customize": Many(_CUSTOMIZER),
    "optimize": {
        "vmBoot": {"state": _STATE},
        "workload": {"state": _STATE, "scriptUri": STR, "sha256Checksum": STR},
    },
    "validate": {
        "continueDistributeOnFailure": BOOL,
        "sourceValidationOnly": BOOL,
        "inVMValidations": Many(_VALIDATOR),
    },
    "distribute": Many(_DISTRIBUTOR),
    "errorHandling": {"onCustomizerError": _ON_ERROR, "onValidationError": _ON_ERROR},
    "provisioningState": READ_ONLY,
    "provisioningError": READ_ONLY,
    "lastRunStatus": READ_ONLY,
    "buildTimeoutInMinutes": Within(0, 960),
    "vmProfile": {
        "vmSize": STR,
        "osDiskSizeGB": _NATURAL,
        "userAssignedIdentities": Many(STR),
        "vnetConfig": {"subnetId": STR, "containerInstanceSubnetId": STR, "proxyVmSize": STR},
    },
    "stagingResourceGroup": STR,
    "exactStagingResourceGroup": READ_ONLY,
    "autoRun": {"state": _STATE},
    "managedResourceTags": Values(STR),
    "additionalDataDisks": Many({"sizeGB": _NATURAL}),
}
_IDENTITY: Shape = {
    "type": OneOf(("UserAssigned", "None")),
    "userAssignedIdentities": Values({"principalId": READ_ONLY, "clientId": READ_ONLY}),
}
TEMPLATE: Shape = tracked(identity=Must(_IDENTITY), properties=_PROPERTIES)
TRIGGER: Shape = {
    "id": READ_ONLY,
    "name": READ_ONLY,
    "type": READ_ONLY,
    "systemData": READ_ONLY,
    "properties": Tagged("kind", {"SourceImage": {"status": READ_ONLY, "provisioningState": READ_ONLY}}),
}
