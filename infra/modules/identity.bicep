// The identity that Kiln is, towards everything: there is no key anywhere.
@description('Name of the identity.')
param name string

@description('Its region.')
param location string

@description('Its tags.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
  tags: tags
}

@description('ARM id.')
output id string = identity.id

@description('What app settings name it by.')
output clientId string = identity.properties.clientId

@description('What role assignments name it by.')
output principalId string = identity.properties.principalId
