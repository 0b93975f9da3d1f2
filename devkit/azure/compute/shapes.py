"""The bodies of Microsoft.Compute's machines, run commands, disks, snapshots and images.

Names are those of its OpenAPI (2024-07-01, disks 2024-03-02). It owns the modelled part of these
shapes; it must not know what the properties do.
"""

from __future__ import annotations

from devkit.azure.shapes import ANY, BOOL, INT, MAP, READ_ONLY, STR, SUB_RESOURCE, Many, Must, OneOf, Shape, tracked

_DISK_SKU = ("Standard_LRS", "Premium_LRS", "StandardSSD_LRS", "UltraSSD_LRS", "Premium_ZRS", "StandardSSD_ZRS",
             "PremiumV2_LRS")  # fmt: skip
_OS = OneOf(("Linux", "Windows"))
_DELETE = OneOf(("Delete", "Detach"))
_GENERATION = OneOf(("V1", "V2"))
_PLAN: Shape = {"name": STR, "publisher": STR, "product": STR, "promotionCode": STR}

IMAGE_REFERENCE: Shape = {
    "id": STR, "publisher": STR, "offer": STR, "sku": STR, "version": STR, "exactVersion": READ_ONLY,
}  # fmt: skip
_OS_DISK: Shape = {
    "osType": _OS,
    "name": STR,
    "caching": OneOf(("None", "ReadOnly", "ReadWrite")),
    "createOption": Must(OneOf(("FromImage",))),
    "diskSizeGB": INT,
    "managedDisk": {"id": STR, "storageAccountType": OneOf(_DISK_SKU)},
    "deleteOption": _DELETE,
    "writeAcceleratorEnabled": BOOL,
}
_DATA_DISK: Shape = {
    "lun": Must(INT),
    "name": STR,
    "caching": OneOf(("None", "ReadOnly", "ReadWrite")),
    "createOption": Must(OneOf(("Empty", "FromImage", "Attach", "Copy", "Restore"))),
    "diskSizeGB": INT,
    "managedDisk": {"id": STR, "storageAccountType": OneOf(_DISK_SKU)},
    "deleteOption": _DELETE,
    "toBeDetached": BOOL,
    "writeAcceleratorEnabled": BOOL,
    "diskIOPSReadWrite": READ_ONLY,
    "diskMBpsReadWrite": READ_ONLY,
}
_ASSESSMENT = OneOf(("ImageDefault", "AutomaticByPlatform"))
_BY_PLATFORM: Shape = {
    "rebootSetting": OneOf(("Unknown", "IfRequired", "Never", "Always")),
    "bypassPlatformSafetyChecksOnUserSchedule": BOOL,
}
_SSH: Shape = {"publicKeys": Many({"path": STR, "keyData": STR})}
_OS_PROFILE: Shape = {
    "computerName": STR,
    "adminUsername": STR,
    "adminPassword": STR,
    "customData": STR,
    "allowExtensionOperations": BOOL,
    "requireGuestProvisionSignal": READ_ONLY,
    "secrets": Many(ANY),
    "linuxConfiguration": {
        "disablePasswordAuthentication": BOOL,
        "provisionVMAgent": BOOL,
        "enableVMAgentPlatformUpdates": READ_ONLY,
        "patchSettings": {
            "patchMode": OneOf(("ImageDefault", "AutomaticByPlatform")),
            "assessmentMode": _ASSESSMENT,
            "automaticByPlatformSettings": _BY_PLATFORM,
        },
        "ssh": _SSH,
    },
    "windowsConfiguration": {
        "provisionVMAgent": BOOL,
        "enableAutomaticUpdates": BOOL,
        "enableVMAgentPlatformUpdates": READ_ONLY,
        "timeZone": STR,
        "patchSettings": {
            "patchMode": OneOf(("Manual", "AutomaticByOS", "AutomaticByPlatform")),
            "enableHotpatching": BOOL,
            "assessmentMode": _ASSESSMENT,
            "automaticByPlatformSettings": _BY_PLATFORM,
        },
        "winRM": MAP,
    },
}
_IDENTITY: Shape = {
    "type": Must(OneOf(("None", "UserAssigned", "SystemAssigned", "SystemAssigned, UserAssigned"))),
    "userAssignedIdentities": MAP,
    "principalId": READ_ONLY,
    "tenantId": READ_ONLY,
}
VIRTUAL_MACHINE: Shape = tracked(
    identity=_IDENTITY,
    plan=_PLAN,
    zones=Many(STR),
    resources=READ_ONLY,
    managedBy=READ_ONLY,
    properties=Must({
        "provisioningState": READ_ONLY,
        "vmId": READ_ONLY,
        "timeCreated": READ_ONLY,
        "instanceView": READ_ONLY,
        "hardwareProfile": Must({"vmSize": Must(STR)}),
        "storageProfile": {
            "imageReference": IMAGE_REFERENCE,
            "osDisk": _OS_DISK,
            "dataDisks": Many(_DATA_DISK),
            "diskControllerType": STR,
        },
        "osProfile": _OS_PROFILE,
        "networkProfile": {
            "networkInterfaces": Many({
                "id": Must(STR),
                "properties": {"primary": BOOL, "deleteOption": _DELETE},
            }),
            "networkApiVersion": STR,
        },
        "securityProfile": {
            "securityType": OneOf(("TrustedLaunch", "ConfidentialVM")),
            "uefiSettings": {"secureBootEnabled": BOOL, "vTpmEnabled": BOOL},
            "encryptionAtHost": BOOL,
        },
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": BOOL, "storageUri": STR}},
        "priority": OneOf(("Regular", "Spot", "Low")),
        "evictionPolicy": OneOf(("Deallocate", "Delete")),
        "billingProfile": MAP,
        "licenseType": STR,
        "additionalCapabilities": MAP,
        "userData": STR,
        "extensionsTimeBudget": STR,
    }),
)  # fmt: skip

_PARAMETER: Shape = {"name": STR, "value": Must(STR)}
RUN_COMMAND: Shape = tracked(
    properties=Must({
        "provisioningState": READ_ONLY,
        "instanceView": READ_ONLY,
        "source": Must({"script": STR, "scriptUri": STR, "commandId": STR, "scriptShell": OneOf(("Default",))}),
        "parameters": Many(_PARAMETER),
        "protectedParameters": Many(_PARAMETER),
        "asyncExecution": BOOL,
        "timeoutInSeconds": INT,
        "outputBlobUri": STR,
        "errorBlobUri": STR,
        "treatFailureAsDeploymentFailure": BOOL,
    }),
)  # fmt: skip

_CREATION: Shape = {
    "createOption": Must(OneOf(("Empty", "Copy", "FromImage", "Import", "Upload", "Restore", "CopyStart"))),
    "sourceResourceId": STR,
    "imageReference": {"id": STR, "lun": INT},
    "galleryImageReference": {"id": STR, "lun": INT},
    "sourceUniqueId": READ_ONLY,
}
_DISK_READ: dict[str, Shape] = dict.fromkeys(
    ("provisioningState", "timeCreated", "diskSizeBytes", "uniqueId", "diskState", "encryption",
     "diskIOPSReadWrite", "diskMBpsReadWrite", "supportedCapabilities", "securityProfile", "purchasePlan",
     "completionPercent", "incrementalSnapshotFamilyId"), READ_ONLY,
)  # fmt: skip
DISK: Shape = tracked(
    managedBy=READ_ONLY,
    sku={"name": OneOf(_DISK_SKU), "tier": READ_ONLY},
    zones=Many(STR),
    properties=Must({
        **_DISK_READ,
        "creationData": Must(_CREATION),
        "diskSizeGB": INT,
        "osType": _OS,
        "hyperVGeneration": _GENERATION,
        "networkAccessPolicy": OneOf(("AllowAll", "DenyAll")),
        "publicNetworkAccess": OneOf(("Enabled", "Disabled")),
    }),
)  # fmt: skip
SNAPSHOT: Shape = tracked(
    sku={"name": OneOf(("Standard_LRS", "Standard_ZRS", "Premium_LRS")), "tier": READ_ONLY},
    properties=Must({
        **_DISK_READ,
        "creationData": Must(_CREATION),
        "incremental": BOOL,
        "osType": _OS,
        "hyperVGeneration": _GENERATION,
        "diskSizeGB": INT,
        "networkAccessPolicy": OneOf(("AllowAll", "DenyAll")),
        "publicNetworkAccess": OneOf(("Enabled", "Disabled")),
    }),
)  # fmt: skip
GRANT: Shape = {
    "access": Must(OneOf(("Read", "Write", "None"))),
    "durationInSeconds": Must(INT),
    "fileFormat": OneOf(("VHD",)),
    "getSecureVMGuestStateSAS": BOOL,
}
_IMAGE_DISK: dict[str, Shape] = {
    "managedDisk": SUB_RESOURCE,
    "snapshot": SUB_RESOURCE,
    "caching": OneOf(("None", "ReadOnly", "ReadWrite")),
    "diskSizeGB": INT,
    "storageAccountType": OneOf(_DISK_SKU),
}
IMAGE: Shape = tracked(
    properties=Must({
        "provisioningState": READ_ONLY,
        "sourceVirtualMachine": SUB_RESOURCE,
        "hyperVGeneration": _GENERATION,
        "storageProfile": {
            "osDisk": {
                "osType": Must(_OS),
                "osState": Must(OneOf(("Generalized", "Specialized"))),
                **_IMAGE_DISK,
            },
            "dataDisks": Many({"lun": Must(INT), **_IMAGE_DISK}),
            "zoneResilient": BOOL,
        },
    }),
)  # fmt: skip
