"""The fixed identifiers of the local Azure: its subscription, tenant and the identity that builds.

It owns these constants; it must not know where they are used.
"""

SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000001"
TENANT_ID = "00000000-0000-0000-0000-00000000000a"
BUILDER_CLIENT_ID = "00000000-0000-0000-0000-0000000000b1"
BUILDER_PRINCIPAL_ID = "00000000-0000-0000-0000-0000000000b2"
BUILDER_ID = (
    f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/rg-images/providers"
    "/Microsoft.ManagedIdentity/userAssignedIdentities/builder"
)
