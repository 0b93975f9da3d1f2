// The topic of Kiln's own events: new source versions, builds, finished images. CloudEvents 1.0, Entra tokens alone.
@description('Name of the topic.')
param name string

@description('Its region.')
param location string

@description('Its tags.')
param tags object

@description('Object id of Kiln\'s identity, which publishes.')
param principalId string

@description('Storage account of the dead letters.')
param deadLetterAccount string

@description('Container of the dead letters.')
param deadLetterContainer string

// EventGrid Data Sender: to publish, and nothing else.
var eventGridDataSender = 'd5a91429-5739-47e2-a06b-3470a27159e7'
// What Microsoft's "Event delivery with a managed identity" asks for to write dead letters.
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  // Its own identity, to write what cannot be delivered to the dead-letter container.
  identity: { type: 'SystemAssigned' }
  properties: {
    disableLocalAuth: true
    inputSchema: 'CloudEventSchemaV1_0'
    minimumTlsVersionAllowed: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(topic.id, principalId, eventGridDataSender)
  scope: topic
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', eventGridDataSender)
  }
}

resource letters 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' existing = {
  name: '${deadLetterAccount}/default/${deadLetterContainer}'
}

resource letterWriter 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(letters.id, topic.id, blobDataContributor)
  scope: letters
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  }
}

@description('Name of the topic.')
output name string = topic.name

@description('Where events are published to.')
output endpoint string = topic.properties.endpoint
