// What Kiln may read of the subscription as a whole: it belongs to no resource group.
targetScope = 'subscription'

@description('What makes the role\'s name unique in the tenant.')
param token string

var here = subscription().id

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(here, token, 'kiln-lookups')
  properties: {
    roleName: 'Kiln lookups ${token}'
    description: 'Reads marketplace images and the state of long-running operations.'
    type: 'CustomRole'
    assignableScopes: [here]
    permissions: [
      {
        actions: [
          'Microsoft.Compute/locations/publishers/artifacttypes/offers/skus/versions/read' // virtual_machine_images.get, list
          // what Kiln made, by its tag, wherever it is
          'Microsoft.Resources/subscriptions/resources/read' // resources.list
          'Microsoft.Resources/subscriptions/resourceGroups/read' // resource_groups.list
          // the regions that have machines and images
          'Microsoft.Resources/subscriptions/providers/read' // providers.get
          // what kiln doctor asks: what this identity may do, and how much of which size there may be
          'Microsoft.Authorization/permissions/read' // permissions of the caller, at a scope
          'Microsoft.Compute/locations/usages/read' // usage.list
          'Microsoft.Compute/skus/read' // resource_skus.list
          // operations.check: the URLs in the headers Azure-AsyncOperation and Location
          'Microsoft.Compute/locations/operations/read' // of machines and images
          'Microsoft.Compute/locations/diskOperations/read' // of disks and snapshots
          'Microsoft.Compute/locations/capsOperations/read' // of galleries
          'Microsoft.Network/locations/operations/read' // of networks
          'Microsoft.Network/locations/operationResults/read' // of networks
          'Microsoft.Storage/locations/*/read' // of storage accounts: .../asyncoperations, which no list of actions names
          'Microsoft.Resources/subscriptions/operationresults/read' // of resource groups
        ]
      }
    ]
  }
}

@description('ARM id of the role.')
output id string = role.id
