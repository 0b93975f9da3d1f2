// What tells Kiln's function of new gallery image versions: an event subscription at the subscription's system topic.
// It is in the resource group of that topic, which need not be Kiln's.
@description('Name of the system topic.')
param topicName string

@description('Name of the event subscription: a Kiln\'s own, since others may use the same topic.')
param name string

@description('Where the events go.')
param destination object

@description('How long and how often delivery is tried.')
param retryPolicy object

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

// No dead letters here: a system topic of a global source can have no identity (Microsoft's "Enable managed identity
// for Event Grid system topics"), and the account takes no keys.
resource galleryWrites 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: name
  properties: {
    destination: destination
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    filter: {
      includedEventTypes: ['Microsoft.Resources.ResourceWriteSuccess']
      advancedFilters: [
        {
          operatorType: 'StringIn'
          key: 'data.operationName'
          values: ['Microsoft.Compute/galleries/images/versions/write']
        }
      ]
    }
    retryPolicy: retryPolicy
  }
}
