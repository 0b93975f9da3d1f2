// Managed Identity Operator on one identity that templates may name: to look it up, and to give it to a machine.
@description('Name of the identity that templates name.')
param identityName string

@description('Object id of Kiln\'s identity.')
param principalId string

// Read and assign, and no more (Microsoft's "Azure built-in roles for Identity").
var managedIdentityOperator = 'f1a07417-d97a-45cb-824c-7a7467783830'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: identityName
}

resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(identity.id, principalId, managedIdentityOperator)
  scope: identity
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', managedIdentityOperator)
  }
}
