// The function app on its Flex Consumption plan. Its settings are settings.bicep's, who may call it sign-in.bicep's.
@description('Name of the app: its host name begins with it.')
param name string

@description('Name of the plan.')
param planName string

@description('Region of both.')
param location string

@description('Tags of both.')
param tags object

@description('ARM id of Kiln\'s identity.')
param identityId string

@description('ARM ids of the identities that templates may name: the app gets tokens for them.')
param templateIdentityIds string[]

@description('URL of the container that the package is deployed to.')
param deploymentContainerUrl string

@description('Python of the app.')
param pythonVersion string

@description('Memory of an instance, in MB.')
param instanceMemoryMB int

@description('The most instances.')
param maximumInstanceCount int

@description('Instances that are kept running for the durable functions.')
param alwaysReadyInstances int

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: {
    reserved: true // Linux
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  // azd finds the app of the service `kiln` in azure.yaml by this tag.
  tags: union(tags, { 'azd-service-name': 'kiln' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: toObject(union([identityId], templateIdentityIds), id => id, id => {})
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: deploymentContainerUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'python', version: pythonVersion }
      scaleAndConcurrency: {
        alwaysReady: alwaysReadyInstances > 0 ? [{ name: 'durable', instanceCount: alwaysReadyInstances }] : []
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
  }
}

// No user name and password for deployments, by FTP or otherwise: azd signs in with Entra.
resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = [
  for way in ['ftp', 'scm']: {
    parent: app
    name: way
    properties: { allow: false }
  }
]

@description('Name of the app.')
output name string = app.name

@description('Host name of the API.')
output hostName string = app.properties.defaultHostName
