"""The bodies of Microsoft.EventGrid's requests, as its OpenAPI (2025-02-15) names their properties.

It owns the modelled part of these shapes; it must not know rules that need the state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from devkit.azure.shapes import ANY, BOOL, INT, MAP, READ_ONLY, STR, Many, Must, OneOf, Shape, tracked

if TYPE_CHECKING:
    from collections.abc import Mapping

_TLS = OneOf(("1.0", "1.1", "1.2"))
_IDENTITY: Shape = {
    "type": OneOf(("None", "SystemAssigned", "UserAssigned", "SystemAssigned, UserAssigned")),
    "userAssignedIdentities": MAP,
    "principalId": READ_ONLY,
    "tenantId": READ_ONLY,
}
_ADJUSTABLE: Mapping[str, Shape] = {
    "publicNetworkAccess": OneOf(("Enabled",)),
    "minimumTlsVersionAllowed": _TLS,
    "disableLocalAuth": BOOL,
    "dataResidencyBoundary": OneOf(("WithinGeopair", "WithinRegion")),
    "eventTypeInfo": MAP,
}
TOPIC: Shape = tracked(
    identity=_IDENTITY,
    properties={
        **_ADJUSTABLE,
        "inputSchema": OneOf(("EventGridSchema", "CloudEventSchemaV1_0")),
        "provisioningState": READ_ONLY,
        "endpoint": READ_ONLY,
        "metricResourceId": READ_ONLY,
        "privateEndpointConnections": READ_ONLY,
    },
)
TOPIC_UPDATE: Shape = {"tags": MAP, "identity": _IDENTITY, "properties": _ADJUSTABLE}
SYSTEM_TOPIC: Shape = tracked(
    identity=_IDENTITY,
    properties=Must(
        {
            "source": Must(STR),
            "topicType": Must(
                OneOf(("Microsoft.Resources.Subscriptions", "Microsoft.Resources.ResourceGroups")),
            ),
            "provisioningState": READ_ONLY,
            "metricResourceId": READ_ONLY,
        }
    ),
)
SYSTEM_TOPIC_UPDATE: Shape = {"tags": MAP, "identity": _IDENTITY}
_DESTINATION: Shape = {
    "endpointType": Must(OneOf(("WebHook", "AzureFunction"))),
    "properties": Must(
        {
            "endpointUrl": STR,
            "endpointBaseUrl": READ_ONLY,
            "resourceId": STR,
            "maxEventsPerBatch": INT,
            "preferredBatchSizeInKilobytes": INT,
            "azureActiveDirectoryTenantId": STR,
            "azureActiveDirectoryApplicationIdOrUri": STR,
            "minimumTlsVersionAllowed": _TLS,
        }
    ),
}
_DEAD_LETTER: Shape = {
    "endpointType": Must(OneOf(("StorageBlob",))),
    "properties": Must({"resourceId": Must(STR), "blobContainerName": Must(STR)}),
}
_WITH_IDENTITY: Shape = {
    "type": Must(OneOf(("SystemAssigned", "UserAssigned"))),
    "userAssignedIdentity": STR,
}
_SUBSCRIPTION: Mapping[str, Shape] = {
    "destination": _DESTINATION,
    "deliveryWithResourceIdentity": {"identity": Must(_WITH_IDENTITY), "destination": Must(_DESTINATION)},
    "filter": {
        "subjectBeginsWith": STR,
        "subjectEndsWith": STR,
        "includedEventTypes": Many(STR),
        "isSubjectCaseSensitive": BOOL,
        "enableAdvancedFilteringOnArrays": BOOL,
        "advancedFilters": Many({"operatorType": Must(STR), "key": Must(STR), "value": ANY, "values": Many(ANY)}),
    },
    "labels": Many(STR),
    "expirationTimeUtc": STR,
    "eventDeliverySchema": OneOf(("EventGridSchema", "CloudEventSchemaV1_0")),
    "retryPolicy": {"maxDeliveryAttempts": INT, "eventTimeToLiveInMinutes": INT},
    "deadLetterDestination": _DEAD_LETTER,
    "deadLetterWithResourceIdentity": {
        "identity": Must(_WITH_IDENTITY),
        "deadLetterDestination": Must(_DEAD_LETTER),
    },
}
SUBSCRIPTION: Shape = {
    "id": READ_ONLY,
    "name": READ_ONLY,
    "type": READ_ONLY,
    "systemData": READ_ONLY,
    "properties": Must({**_SUBSCRIPTION, "topic": READ_ONLY, "provisioningState": READ_ONLY}),
}
SUBSCRIPTION_UPDATE: Shape = _SUBSCRIPTION
