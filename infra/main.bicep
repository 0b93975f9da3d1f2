// Everything that Kiln runs on, but for the event subscriptions to its function: those need the code (events.bicep).
targetScope = 'subscription'

@description('Name of the azd environment. Resource names are derived from it.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Region of Kiln itself. Templates name the regions of their images by themselves.')
param location string

@description('Resource group to make for Kiln. Empty: rg-<environmentName>.')
param resourceGroupName string = ''

@description('Client id of the app registration whose tokens open the API. Empty: no token opens it.')
param authClientId string = ''

@description('Audiences that tokens for the API may name, beside the app registration itself.')
param authAllowedAudiences string[] = []

@description('Whether the word of App Service authentication counts where a request has no token.')
param authPrincipalHeader bool = false

@description('Who has which role where, beside the app roles in tokens: a list of {principal, role, scope}.')
param grants array = []

@description('Which resources templates may name: a list of {templates, resources}. Empty: what the lists below name, for all.')
param reach array = []

@description('Ids of the resource groups that Kiln may build in. Empty: it makes one for each template, anywhere in the subscription.')
param buildResourceGroupIds string[] = []

@description('Ids of the resource groups with the galleries and images that Kiln may read and write. Empty: all of the subscription.')
param imageResourceGroupIds string[] = []

@description('Ids of the resource groups with the virtual networks that templates may name. Empty: all of the subscription.')
param networkResourceGroupIds string[] = []

@description('Ids of the user-assigned identities that templates may name, for downloads and on build machines.')
param templateIdentityIds string[] = []

@description('Python of the function app.')
@allowed(['3.11', '3.12', '3.13'])
param pythonVersion string = '3.11'

@description('Memory of an instance, in MB.')
@allowed([2048, 4096])
param instanceMemoryMB int = 2048

@description('The most instances that Kiln scales out to.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances that are kept running for orchestrations and activities. 0: the app scales to zero.')
@minValue(0)
@maxValue(20)
param alwaysReadyInstances int = 1

@description('When Kiln publishes what it could not announce at once: an NCRONTAB expression, in UTC.')
param outboxSchedule string = '0 * * * * *'

@description('When Kiln asks the marketplace for new versions: an NCRONTAB expression, in UTC.')
param watchSchedule string = '0 */15 * * * *'

@description('When Kiln deletes what builds left behind: an NCRONTAB expression, in UTC.')
param sweepSchedule string = '0 20 * * * *'

@description('How long histories of orchestrations that are over are kept, in days. 0: for ever.')
@minValue(0)
@maxValue(36500)
param historyDays int = 30

@description('How long runs that are over (records and logs) and operations are kept, in days. 0: for ever.')
@minValue(0)
@maxValue(36500)
param retentionDays int = 90

@description('The most builds that new source images lead to at the same time.')
@minValue(1)
param rebuildConcurrency int = 10

@description('The largest script or file that a template may name, in MiB.')
@minValue(1)
param artifactLimitMB int = 4096

@description('Servers of scripts and files that may have private addresses: hosts or networks, comma-separated.')
param privateArtifacts string = ''

@description('Host (and port) by which clients reach Kiln behind a front end of your own, such as Front Door.')
param publicHost string = ''

@description('What the request limits of Azure Resource Manager are multiplied by, for each instance. 0: no limits.')
param rateLimit string = '1'

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Tags of everything that is made here.')
param tags object = {}

var token = uniqueString(subscription().id, environmentName, location)
// What the operator has named is what templates may name. Where rights are the whole subscription's, nothing is: there, a
// reach has to be given.
var named = union(buildResourceGroupIds, imageResourceGroupIds, networkResourceGroupIds, templateIdentityIds)
var reachOfNamed = empty(named) ? [] : [{ templates: '/', resources: named }]
var allTags = union(tags, { 'azd-env-name': environmentName })

resource group 'Microsoft.Resources/resourceGroups@2024-07-01' = {
  name: empty(resourceGroupName) ? 'rg-${environmentName}' : resourceGroupName
  location: location
  tags: allTags
}

module identity 'modules/identity.bicep' = {
  name: 'kiln-identity'
  scope: group
  params: {
    name: 'id-kiln-${token}'
    location: location
    tags: allTags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'kiln-storage'
  scope: group
  params: {
    name: 'stkiln${token}'
    location: location
    tags: allTags
    principalId: identity.outputs.principalId
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'kiln-monitoring'
  scope: group
  params: {
    workspaceName: 'log-kiln-${token}'
    insightsName: 'appi-kiln-${token}'
    location: location
    tags: allTags
    retentionDays: logRetentionDays
    principalId: identity.outputs.principalId
  }
}

module topic 'modules/topic.bicep' = {
  name: 'kiln-topic'
  scope: group
  params: {
    name: 'evgt-kiln-${token}'
    location: location
    tags: allTags
    principalId: identity.outputs.principalId
    deadLetterAccount: storage.outputs.name
    deadLetterContainer: storage.outputs.deadLetterContainer
  }
}

module app 'modules/app.bicep' = {
  name: 'kiln-app'
  scope: group
  params: {
    name: 'func-kiln-${token}'
    planName: 'plan-kiln-${token}'
    location: location
    tags: allTags
    identityId: identity.outputs.id
    templateIdentityIds: templateIdentityIds
    deploymentContainerUrl: storage.outputs.deploymentContainerUrl
    pythonVersion: pythonVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
  }
}

module settings 'modules/settings.bicep' = {
  name: 'kiln-settings'
  scope: group
  params: {
    appName: app.outputs.name
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    insightsName: monitoring.outputs.insightsName
    topicEndpoint: topic.outputs.endpoint
    outboxSchedule: outboxSchedule
    watchSchedule: watchSchedule
    sweepSchedule: sweepSchedule
    historyDays: historyDays
    retentionDays: retentionDays
    rebuildConcurrency: rebuildConcurrency
    artifactLimitMB: artifactLimitMB
    privateArtifacts: privateArtifacts
    publicHost: publicHost
    rateLimit: rateLimit
    authClientId: authClientId
    authAllowedAudiences: authAllowedAudiences
    authPrincipalHeader: authPrincipalHeader
    grants: grants
    reach: empty(reach) ? reachOfNamed : reach
  }
}

module signIn 'modules/sign-in.bicep' = {
  name: 'kiln-sign-in'
  scope: group
  params: {
    appName: app.outputs.name
    clientId: authClientId
    allowedAudiences: authAllowedAudiences
  }
}

module roleAssignments 'modules/role-assignments.bicep' = {
  name: 'kiln-role-assignments-${token}'
  params: {
    token: token
    principalId: identity.outputs.principalId
    buildResourceGroupIds: buildResourceGroupIds
    imageResourceGroupIds: imageResourceGroupIds
    networkResourceGroupIds: networkResourceGroupIds
    templateIdentityIds: templateIdentityIds
  }
}

@description('The resource group that Kiln is in; azd deploys to it.')
output AZURE_RESOURCE_GROUP string = group.name

@description('The function app, for the event subscriptions.')
output KILN_APP_NAME string = app.outputs.name

@description('Kiln\'s API: what kiln, azure-mgmt-imagebuilder and others are pointed at.')
output KILN_ENDPOINT string = 'https://${app.outputs.hostName}'

@description('The Event Grid topic of Kiln\'s announcements: subscribe to it.')
output KILN_TOPIC_NAME string = topic.outputs.name

@description('The identity that builds: give it the rights that images elsewhere need.')
output KILN_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId

@description('The storage account with templates, run records and dead letters.')
output KILN_STORAGE_NAME string = storage.outputs.name
