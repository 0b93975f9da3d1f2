// The app's settings, all of them: the Functions host's, the Python worker's and Kiln's own. No value is a secret.
@description('Name of the function app.')
param appName string

@description('Client id of Kiln\'s identity.')
param identityClientId string

@description('Name of the storage account.')
param storageName string

@description('Name of the Application Insights resource.')
param insightsName string

@description('Where Kiln\'s events are published to.')
param topicEndpoint string

@description('When Kiln publishes what it could not announce at once (NCRONTAB, UTC).')
param outboxSchedule string

@description('When Kiln asks the marketplace for new versions (NCRONTAB, UTC).')
param watchSchedule string

@description('When Kiln deletes what builds left behind (NCRONTAB, UTC).')
param sweepSchedule string

@description('The most builds that new source images lead to at the same time.')
param rebuildConcurrency int

@description('How long histories of orchestrations that are over are kept, in days. 0: for ever.')
param historyDays int

@description('How long runs that are over (records and logs) and operations are kept, in days. 0: for ever.')
param retentionDays int

@description('The largest script or file that a template may name, in MiB.')
param artifactLimitMB int

@description('Servers of scripts and files that may have private addresses, comma-separated.')
param privateArtifacts string

@description('Host (and port) by which clients reach Kiln behind a front end, if not the app\'s own.')
param publicHost string

@description('What the request limits are multiplied by.')
param rateLimit string

@description('Client id of the app registration whose tokens open the API. Empty: no token opens it.')
param authClientId string

@description('Audiences that tokens may name, beside the client id and its URI.')
param authAllowedAudiences string[]

@description('Whether the word of App Service authentication counts where a request has no token.')
param authPrincipalHeader bool

@description('Who has which role where, beside the app roles in tokens.')
param grants array

@description('Which resources templates may name, by where the templates are.')
param reach array

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: appName
}

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// `environment()` gives it with a slash at the end; Kiln's setting has none.
var armEndpoint = substring(environment().resourceManager, 0, length(environment().resourceManager) - 1)

// Who signs tokens, and for whom they are to be; without a registration for nobody, so that the API is closed.
var authority = '${environment().authentication.loginEndpoint}${tenant().tenantId}'
var audiences = empty(authClientId) ? [] : union([authClientId, 'api://${authClientId}'], authAllowedAudiences)

resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    // The Functions host and durable: storage by identity. Each endpoint by name, so that other clouds work too.
    AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
    AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
    AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identityClientId}'
    // The Python worker.
    AZURE_FUNCTIONS_DURABLE_STRICT_TYPING: '1'
    PYTHON_ISOLATE_WORKER_DEPENDENCIES: '1'
    PYTHON_THREADPOOL_THREAD_COUNT: '16'
    // Kiln.
    AZURE_CLIENT_ID: identityClientId
    KILN_ARM_ENDPOINT: armEndpoint
    KILN_ARM_SCOPE: '${armEndpoint}/.default'
    KILN_ARTIFACT_LIMIT_MB: string(artifactLimitMB)
    KILN_AUTH_AUDIENCES: join(audiences, ',')
    KILN_AUTH_AUTHORITY: authority
    KILN_AUTH_PRINCIPAL_HEADER: string(authPrincipalHeader)
    KILN_BLOB_SUFFIXES: '.blob.${environment().suffixes.storage}'
    KILN_GRANTS: string(grants)
    KILN_HISTORY_DAYS: string(historyDays)
    KILN_OUTBOX_SCHEDULE: outboxSchedule
    KILN_PRIVATE_ARTIFACTS: privateArtifacts
    KILN_PUBLIC_HOST: publicHost
    KILN_RATE_LIMIT: rateLimit
    KILN_REACH: string(reach)
    KILN_REBUILD_CONCURRENCY: string(rebuildConcurrency)
    KILN_RETENTION_DAYS: string(retentionDays)
    KILN_STATE_ENDPOINT: storage.properties.primaryEndpoints.blob
    KILN_SWEEP_SCHEDULE: sweepSchedule
    KILN_TOPIC_ENDPOINT: topicEndpoint
    KILN_WATCH_SCHEDULE: watchSchedule
  }
}
