// What reaches Kiln's function: its own topic's events, and writes of gallery image versions in the subscription.
// Deployed after the code (azure.yaml, postdeploy): Event Grid refuses a function that is not there yet.
@description('Name of the function app.')
param appName string

@description('Name of Kiln\'s topic.')
param topicName string

@description('Name of the storage account of the dead letters.')
param storageName string

@description('Name of the function that takes events.')
param functionName string = 'on_event'

@description('Container of the dead letters.')
param deadLetterContainer string = 'dead-letters'

@description('Id of the system topic that the subscription has. Empty: it has none, and one is made here.')
param systemTopicId string = ''

@description('Tags of the system topic.')
param tags object = {}

var ownSystemTopic = 'evgst-${appName}'

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: appName
}

resource topic 'Microsoft.EventGrid/topics@2025-02-15' existing = {
  name: topicName
}

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageName
}

// One event to a call: Kiln's function takes one, and one bad event must not hold back others.
var destination = {
  endpointType: 'AzureFunction'
  properties: {
    resourceId: '${app.id}/functions/${functionName}'
    maxEventsPerBatch: 1
    preferredBatchSizeInKilobytes: 64
  }
}

// Event Grid's own limits: a day of tries.
var retryPolicy = { eventTimeToLiveInMinutes: 1440, maxDeliveryAttempts: 30 }

resource kilnEvents 'Microsoft.EventGrid/topics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'kiln'
  properties: {
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: storage.id, blobContainerName: deadLetterContainer }
      }
    }
    destination: destination
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    retryPolicy: retryPolicy
  }
}

// A source has one system topic, in whatever resource group, and a second one is refused (Microsoft's "System topics in
// Azure Event Grid"): so the hook looks for it first, and only where there is none is it made.
resource subscriptionTopic 'Microsoft.EventGrid/systemTopics@2025-02-15' = if (empty(systemTopicId)) {
  name: ownSystemTopic
  location: 'global'
  tags: tags
  properties: {
    source: subscription().id
    topicType: 'Microsoft.Resources.Subscriptions'
  }
}

module galleryWrites 'modules/gallery-writes.bicep' = {
  name: 'kiln-gallery-writes-${uniqueString(app.id)}'
  scope: resourceGroup(empty(systemTopicId) ? resourceGroup().name : split(systemTopicId, '/')[4])
  params: {
    topicName: empty(systemTopicId) ? ownSystemTopic : last(split(systemTopicId, '/'))
    name: 'kiln-gallery-versions-${uniqueString(app.id)}'
    destination: destination
    retryPolicy: retryPolicy
  }
  dependsOn: [subscriptionTopic]
}
