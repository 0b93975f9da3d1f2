"""The bodies of Microsoft.Storage's resources, as its OpenAPI (2023-05-01) names their properties.

It owns the modelled part of these shapes; it must not know what the properties do.
"""

from __future__ import annotations

from devkit.azure.shapes import ANY, BOOL, MAP, READ_ONLY, STR, Must, OneOf, Shape, tracked

_SKUS = (
    "Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Premium_LRS", "Premium_ZRS", "Standard_GZRS",
    "Standard_RAGZRS",
)  # fmt: skip
_PROPERTIES: Shape = {
    "provisioningState": READ_ONLY,
    "primaryEndpoints": READ_ONLY,
    "primaryLocation": READ_ONLY,
    "statusOfPrimary": READ_ONLY,
    "creationTime": READ_ONLY,
    "keyCreationTime": READ_ONLY,
    "privateEndpointConnections": READ_ONLY,
    "accessTier": OneOf(("Hot", "Cool", "Cold", "Premium")),
    "allowBlobPublicAccess": BOOL,
    "allowSharedKeyAccess": BOOL,
    "allowCrossTenantReplication": BOOL,
    "allowedCopyScope": STR,
    "defaultToOAuthAuthentication": BOOL,
    "dnsEndpointType": OneOf(("Standard",)),
    "encryption": ANY,
    "isHnsEnabled": BOOL,
    "largeFileSharesState": STR,
    "minimumTlsVersion": OneOf(("TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3")),
    "networkAcls": ANY,
    "publicNetworkAccess": OneOf(("Enabled", "Disabled", "SecuredByPerimeter")),
    "sasPolicy": {"sasExpirationPeriod": Must(STR), "expirationAction": STR},
    "supportsHttpsTrafficOnly": BOOL,
}
ACCOUNT: Shape = tracked(
    sku=Must({"name": Must(OneOf(_SKUS)), "tier": STR}),
    kind=Must(OneOf(("StorageV2", "BlobStorage", "BlockBlobStorage", "Storage"))),
    identity=MAP,
    properties=_PROPERTIES,
)
ACCOUNT_UPDATE: Shape = {
    "tags": MAP,
    "sku": {"name": Must(OneOf(_SKUS)), "tier": STR},
    "kind": STR,
    "properties": _PROPERTIES,
}
NAME: Shape = {"name": Must(STR), "type": Must(OneOf(("Microsoft.Storage/storageAccounts",)))}
CONTAINER: Shape = {"properties": {"publicAccess": OneOf(("None",)), "metadata": MAP}}
