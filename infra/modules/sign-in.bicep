// App Service authentication ("Easy Auth") in front of the app. It lets all through: Kiln checks each request by itself
// (docs/adr/0020-kiln-checks-tokens.md), and signed webhooks bring no token. What it does is take away the headers by which
// a caller could claim to be somebody (X-MS-CLIENT-PRINCIPAL...), and tell Kiln whom it knows.
@description('Name of the function app.')
param appName string

@description('Client id of the app registration. Empty: no identity provider, so no token is good.')
param clientId string

@description('Audiences that tokens may name, beside the client id and its URI.')
param allowedAudiences string[]

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: appName
}

resource auth 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: true, runtimeVersion: '~1' }
    httpSettings: { requireHttps: true }
    globalValidation: {
      requireAuthentication: false
      unauthenticatedClientAction: 'AllowAnonymous'
    }
    identityProviders: {
      azureActiveDirectory: empty(clientId)
        ? { enabled: false }
        : {
            enabled: true
            registration: {
              clientId: clientId
              openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
            }
            validation: { allowedAudiences: union([clientId, 'api://${clientId}'], allowedAudiences) }
          }
    }
    // Clients bring tokens; nobody signs in with a browser, so there are no sessions to keep.
    login: { tokenStore: { enabled: false } }
  }
}
