// What Kiln's identity may do outside of its own resource group: four roles, each at the narrowest scope it is given.
targetScope = 'subscription'

@description('What makes the roles\' names unique in the tenant.')
param token string

@description('Object id of Kiln\'s identity.')
param principalId string

@description('ARM ids of the resource groups to build in. Empty: the whole subscription.')
param buildResourceGroupIds string[]

@description('ARM ids of the resource groups with galleries and images. Empty: the whole subscription.')
param imageResourceGroupIds string[]

@description('ARM ids of the resource groups with templates\' own networks. Empty: the whole subscription.')
param networkResourceGroupIds string[]

@description('ARM ids of the identities that templates may name.')
param templateIdentityIds string[]

// Storage Blob Data Contributor: containers, blobs, and the user delegation keys that sign URLs for build machines.
var blobDataContributor = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
)

// Blobs of the three containers of a staging account alone (kiln/cloud/staging.py), so that the role opens no other
// account's data, wherever in the subscription it is.
var blobData = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs'
var stagingContainers = ['artifacts', 'packerlogs', 'vhds']
var containerName = '@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]'
var inStaging = join(map(stagingContainers, name => '${containerName} StringEquals \'${name}\''), ' OR ')
var blobActions = ['read', 'write', 'delete', 'add/action', 'move/action']
var otherActions = join(map(blobActions, action => '!(ActionMatches{\'${blobData}/${action}\'})'), ' AND ')
var stagingBlobs = '((${otherActions}) OR (${inStaging}))'

module lookups 'roles/lookups.bicep' = {
  name: 'kiln-role-lookups-${token}'
  params: { token: token }
}

module staging 'roles/staging.bicep' = {
  name: 'kiln-role-staging-${token}'
  params: { token: token }
}

module images 'roles/images.bicep' = {
  name: 'kiln-role-images-${token}'
  params: { token: token }
}

module networks 'roles/networks.bicep' = {
  name: 'kiln-role-networks-${token}'
  params: { token: token }
}

module lookupsEverywhere 'grants/subscription.bicep' = {
  name: 'kiln-lookups-${token}'
  params: { roleId: lookups.outputs.id, principalId: principalId }
}

module stagingEverywhere 'grants/subscription.bicep' = if (empty(buildResourceGroupIds)) {
  name: 'kiln-staging-${token}'
  params: { roleId: staging.outputs.id, principalId: principalId }
}

module stagingInGroups 'grants/group.bicep' = [
  for id in buildResourceGroupIds: {
    name: 'kiln-staging-${uniqueString(id, token)}'
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: { roleId: staging.outputs.id, principalId: principalId }
  }
]

module blobsEverywhere 'grants/subscription.bicep' = if (empty(buildResourceGroupIds)) {
  name: 'kiln-blobs-${token}'
  params: { roleId: blobDataContributor, principalId: principalId, condition: stagingBlobs }
}

module blobsInGroups 'grants/group.bicep' = [
  for id in buildResourceGroupIds: {
    name: 'kiln-blobs-${uniqueString(id, token)}'
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: { roleId: blobDataContributor, principalId: principalId, condition: stagingBlobs }
  }
]

module imagesEverywhere 'grants/subscription.bicep' = if (empty(imageResourceGroupIds)) {
  name: 'kiln-images-${token}'
  params: { roleId: images.outputs.id, principalId: principalId }
}

module imagesInGroups 'grants/group.bicep' = [
  for id in imageResourceGroupIds: {
    name: 'kiln-images-${uniqueString(id, token)}'
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: { roleId: images.outputs.id, principalId: principalId }
  }
]

module networksEverywhere 'grants/subscription.bicep' = if (empty(networkResourceGroupIds)) {
  name: 'kiln-networks-${token}'
  params: { roleId: networks.outputs.id, principalId: principalId }
}

module networksInGroups 'grants/group.bicep' = [
  for id in networkResourceGroupIds: {
    name: 'kiln-networks-${uniqueString(id, token)}'
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: { roleId: networks.outputs.id, principalId: principalId }
  }
]

module identities 'grants/identity.bicep' = [
  for id in templateIdentityIds: {
    name: 'kiln-identity-${uniqueString(id, token)}'
    scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
    params: { identityName: last(split(id, '/')), principalId: principalId }
  }
]
