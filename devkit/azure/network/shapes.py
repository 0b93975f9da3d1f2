"""The bodies of Microsoft.Network's resources, as its OpenAPI (2024-05-01) names their properties.

It owns the modelled part of these shapes; it must not know what the properties do.
"""

from __future__ import annotations

from devkit.azure.shapes import BOOL, INT, READ_ONLY, STR, Many, Must, OneOf, Shape, tracked

_READ: dict[str, Shape] = {"provisioningState": READ_ONLY, "resourceGuid": READ_ONLY}
_CHILD: dict[str, Shape] = {"id": READ_ONLY, "type": READ_ONLY, "etag": READ_ONLY}

_DELEGATION: Shape = {
    **_CHILD,
    "name": Must(STR),
    "properties": Must({"serviceName": Must(STR), "actions": READ_ONLY, "provisioningState": READ_ONLY}),
}
SUBNET_PROPERTIES: Shape = {
    **_READ,
    "addressPrefix": STR,
    "addressPrefixes": Many(STR),
    "networkSecurityGroup": {"id": Must(STR), "location": READ_ONLY, "properties": READ_ONLY},
    "serviceEndpoints": Many({"service": Must(STR), "locations": Many(STR), "provisioningState": READ_ONLY}),
    "delegations": Many(_DELEGATION),
    "privateEndpointNetworkPolicies": OneOf(
        ("Enabled", "Disabled", "NetworkSecurityGroupEnabled", "RouteTableEnabled"),
    ),
    "privateLinkServiceNetworkPolicies": OneOf(("Enabled", "Disabled")),
    "defaultOutboundAccess": BOOL,
    "ipConfigurations": READ_ONLY,
    "purpose": READ_ONLY,
}
SUBNET: Shape = {**_CHILD, "name": STR, "properties": Must(SUBNET_PROPERTIES)}

VIRTUAL_NETWORK: Shape = tracked(
    properties=Must({
        **_READ,
        "addressSpace": Must({"addressPrefixes": Must(Many(STR))}),
        "dhcpOptions": {"dnsServers": Many(STR)},
        "subnets": Many(SUBNET),
        "virtualNetworkPeerings": READ_ONLY,
        "enableDdosProtection": BOOL,
        "enableVmProtection": BOOL,
        "flowTimeoutInMinutes": INT,
        "privateEndpointVNetPolicies": STR,
    }),
)  # fmt: skip

_RULE: Shape = {
    **_CHILD,
    "name": Must(STR),
    "properties": Must({
        **_READ,
        "description": STR,
        "protocol": Must(OneOf(("Tcp", "Udp", "Icmp", "Esp", "Ah", "*"))),
        "sourcePortRange": STR,
        "sourcePortRanges": Many(STR),
        "destinationPortRange": STR,
        "destinationPortRanges": Many(STR),
        "sourceAddressPrefix": STR,
        "sourceAddressPrefixes": Many(STR),
        "destinationAddressPrefix": STR,
        "destinationAddressPrefixes": Many(STR),
        "access": Must(OneOf(("Allow", "Deny"))),
        "priority": Must(INT),
        "direction": Must(OneOf(("Inbound", "Outbound"))),
    }),
}  # fmt: skip
SECURITY_GROUP: Shape = tracked(
    properties={
        **_READ,
        "securityRules": Many(_RULE),
        "defaultSecurityRules": READ_ONLY,
        "flushConnection": BOOL,
        "networkInterfaces": READ_ONLY,
        "subnets": READ_ONLY,
    },
)

_IP_CONFIGURATION: Shape = {
    **_CHILD,
    "name": Must(STR),
    "properties": Must({
        **_READ,
        "subnet": Must({**_CHILD, "id": Must(STR), "name": READ_ONLY, "properties": READ_ONLY}),
        "privateIPAddress": STR,
        "privateIPAllocationMethod": OneOf(("Dynamic", "Static")),
        "privateIPAddressVersion": OneOf(("IPv4",)),
        "primary": BOOL,
    }),
}  # fmt: skip
INTERFACE: Shape = tracked(
    properties=Must({
        **_READ,
        "ipConfigurations": Must(Many(_IP_CONFIGURATION)),
        "networkSecurityGroup": {**_CHILD, "id": Must(STR), "location": READ_ONLY, "properties": READ_ONLY},
        "enableAcceleratedNetworking": BOOL,
        "enableIPForwarding": BOOL,
        "disableTcpStateTracking": BOOL,
        "dnsSettings": {"dnsServers": Many(STR), "internalDnsNameLabel": STR, "appliedDnsServers": READ_ONLY,
                        "internalFqdn": READ_ONLY, "internalDomainNameSuffix": READ_ONLY},
        "nicType": STR,
        "auxiliaryMode": STR,
        "auxiliarySku": STR,
        "virtualMachine": READ_ONLY,
        "macAddress": READ_ONLY,
        "primary": READ_ONLY,
        "hostedWorkloads": READ_ONLY,
        "tapConfigurations": READ_ONLY,
        "vnetEncryptionSupported": READ_ONLY,
        "allowPort25Out": READ_ONLY,
        "defaultOutboundConnectivityEnabled": READ_ONLY,
    }),
)  # fmt: skip
